/* SPDX-License-Identifier: MIT */
/*
 * The local tree.
 *
 * A page has one canonical name: its directory with all symbolic links resolved, and its own last
 * name. Other names are aliases of it, so a link loop in the tree (loop -> .) ends: loop/a.html is
 * a.html. The last name is not resolved: a page that is itself a link (as in a link farm) keeps the
 * directory it was found in, as it does for a browser.
 *
 * A directory with an index.html is that page; one without is there, and that is all that is asked.
 * Listing an input directory follows no links to directories and leaves hidden entries out.
 */
#define _GNU_SOURCE
#include "disk.h"
#include "escape.h"

#include <runnel/errno.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

bool disk_is_page_name(const char *path)
{
    static const char *const endings[] = { ".html", ".htm", ".xhtml" };
    size_t n = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t k = strlen(endings[i]);
        if (n > k && strcasecmp(path + n - k, endings[i]) == 0)
            return true;
    }
    return false;
}

char *disk_canonical(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *parent = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup("./");
    const char *name = slash ? slash + 1 : path;
    char *real = realpath(parent, NULL);
    free(parent);
    if (!real)
        return NULL;
    str s = { 0 };
    str_printf(&s, "%s%s%s", real, strcmp(real, "/") == 0 ? "" : "/", name);
    free(real);
    return str_take(&s);
}

static void break_by_errno(result *r, int error)
{
    const char *why = error == ENOENT         ? "no such file"
                      : error == ENAMETOOLONG ? "the name is too long"
                      : error == ENOTDIR      ? "not a directory"
                      : error == EACCES       ? "permission denied"
                      : error == ELOOP        ? "too many symbolic links"
                                              : strerrordesc_np(error);
    result_break(r, FAULT_FILE, "%s", why ? why : "cannot be read");
}

static void lead_to(result *r, const char *path)
{
    str url = { 0 };
    url_from_path(&url, path);
    r->outcome = OUT_ALIAS;
    r->location = str_take(&url);
}

/* Reads the whole file; a file that grows while it is read cannot grow past the limit. */
static bool read_all(int fd, size_t limit, result *r, str *body)
{
    for (;;) {
        str_reserve(body, 65536);
        ssize_t n = read(fd, body->data + body->len, body->cap - body->len - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return break_by_errno(r, errno), false;
        body->len += (size_t)n;
        body->data[body->len] = 0;
        if (body->len > limit) {
            result_break(r, FAULT_TOO_LARGE, "larger than %zu MiB (--max-body)", limit >> 20);
            return false;
        }
        if (n == 0)
            return true;
    }
}

/* Opens and reads a page. Never blocks on a FIFO or a device that took its place. */
static bool read_page(const options *o, const char *path, result *r, str *body)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return break_by_errno(r, errno), false;
    bool known = fstat(fd, &st) == 0;
    if (!known)
        break_by_errno(r, errno); /* what it links to is not known, so it is not fine */
    bool ok = known && S_ISREG(st.st_mode) && read_all(fd, o->max_body_bytes, r, body);
    close(fd);
    return ok;
}

static bool check_directory(const char *path, result *r)
{
    struct stat st;
    str index = { 0 };
    str_printf(&index, "%s%sindex.html", path, path[strlen(path) - 1] == '/' ? "" : "/");
    if (stat(str_c(&index), &st) == 0) {
        if (S_ISREG(st.st_mode))
            lead_to(r, str_c(&index));
    } else if (errno != ENOENT && errno != ELOOP && errno != EACCES) {
        break_by_errno(r, errno); /* it may be there, with links of its own */
    }
    str_fini(&index);
    return false;
}

static bool check_path(const options *o, const job *j, const char *path, result *r, str *body)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return break_by_errno(r, errno), false;
    r->outcome = OUT_OK;
    if (S_ISDIR(st.st_mode))
        return check_directory(path, r);
    if (!S_ISREG(st.st_mode) || !j->parse || !(j->forced || disk_is_page_name(path)))
        return false;
    char *canonical = disk_canonical(path);
    bool same = canonical && strcmp(canonical, path) == 0;
    if (!canonical)
        break_by_errno(r, errno);
    else if (!same)
        lead_to(r, canonical);
    free(canonical);
    return same && read_page(o, path, r, body);
}

bool disk_check(const options *o, const job *j, result *r, str *body)
{
    char *path = url_to_path(j->url);
    bool page = check_path(o, j, path, r, body);
    free(path);
    return page;
}

static void add_entry(result *r, size_t *cap, const char *path, bool is_dir)
{
    str url = { 0 };
    url_from_path(&url, path);
    char *copy = arena_alloc(r->arena, url.len + 1);
    if (copy) {
        memcpy(copy, str_c(&url), url.len + 1);
        if (r->count == *cap) {
            *cap = *cap ? *cap * 2 : 32;
            r->found = xrealloc(r->found, *cap * sizeof *r->found);
        }
        r->found[r->count++] = (found){
            .url = copy, .fragment = "", .kind = URL_FILE, .is_dir = is_dir
        };
    }
    str_fini(&url);
}

typedef enum entry { NOT_WANTED, PAGE, SUBDIRECTORY } entry;

/*
 * What name in dir is. What is gone by now, or a link to nowhere, is nothing. If it cannot be
 * examined, it could be a page or a directory: the listing is not whole, and r says why. A page
 * that cannot be read is for disk_check to tell.
 */
static entry examine(DIR *dir, const char *name, result *r)
{
    struct stat st;
    if (fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno != ENOENT)
            break_by_errno(r, errno);
        return NOT_WANTED;
    }
    if (S_ISDIR(st.st_mode))
        return SUBDIRECTORY;
    if (!disk_is_page_name(name))
        return NOT_WANTED;
    if (S_ISLNK(st.st_mode) && fstatat(dirfd(dir), name, &st, 0) != 0)
        return errno == ENOENT || errno == ELOOP ? NOT_WANTED : PAGE;
    return S_ISREG(st.st_mode) ? PAGE : NOT_WANTED;
}

static void list_entry(DIR *dir, const char *path, const char *name, result *r, size_t *cap)
{
    entry kind = examine(dir, name, r);
    if (kind == NOT_WANTED)
        return;
    str whole = { 0 };
    str_printf(&whole, "%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/", name);
    add_entry(r, cap, str_c(&whole), kind == SUBDIRECTORY);
    str_fini(&whole);
}

void disk_list(const job *j, result *r)
{
    char *path = url_to_path(j->url);
    size_t cap = 0;
    DIR *dir = opendir(path);
    r->outcome = OUT_LISTED;
    r->arena = arena_new(SIZE_MAX);
    if (!dir)
        break_by_errno(r, errno);
    while (dir) {
        errno = 0;
        struct dirent *e = readdir(dir);
        if (!e) {
            if (errno)
                break_by_errno(r, errno);
            break;
        }
        if (e->d_name[0] != '.')
            list_entry(dir, path, e->d_name, r, &cap);
    }
    if (dir)
        closedir(dir);
    free(path);
}
