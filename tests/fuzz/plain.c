/* SPDX-License-Identifier: MIT */
/*
 *   fuzz_X [-runs=N] [-seed=S] [-most=BYTES] FILE|FOLDER...
 *
 * A driver for a fuzz target without libFuzzer: the files and the files of the folders, then N
 * inputs made from them by changes at random, the same for the same seed. At a crash the input is
 * written to crash-X in the working directory, and the line that repeats it is printed.
 */
#define _GNU_SOURCE
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 1000, MOST = 1 << 16, SECONDS_MAX = 30 };

static struct {
    uint8_t *data;
    size_t size;
} files[FILES_MAX];
static size_t n_files;

static uint8_t input[MOST];
static size_t input_size, most = 512;
static char crash_file[256];
static unsigned long inputs; /* run so far */
static uint64_t state;

static uint32_t below(uint32_t n) /* splitmix64 */
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ z >> 31) >> 32) % n;
}

static void say(const char *text)
{
    ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
    (void)ignored;
}

/* For abort and faults; the sanitizers and the library's panics end by _exit, and say enough. */
static void keep_input(int sig)
{
    char line[64];
    snprintf(line, sizeof line, "fuzz: input %lu%s\n", inputs, sig == SIGALRM ? " hangs" : "");
    say(line);
    int fd = open(crash_file, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0666);
    if (fd >= 0 && write(fd, input, input_size) == (ssize_t)input_size) {
        say("fuzz: to repeat it: ");
        say(program_invocation_name);
        say(" ");
        say(crash_file);
        say("\n");
    }
    signal(sig, SIG_DFL);
    raise(sig);
}

static void run(const uint8_t *data, size_t size)
{
    memcpy(input, data, size);
    input_size = size;
    inputs++;
    alarm(SECONDS_MAX);
    /* Memory of the very size, so that a sanitizer sees what reads beyond it. */
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void add_file(const char *path)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
    if (!f || fstat(fileno(f), &st) != 0 || n_files == FILES_MAX) {
        fprintf(stderr, "fuzz: cannot read %s\n", path);
        exit(1);
    }
    uint8_t *data = malloc(MOST);
    files[n_files].size = fread(data, 1, MOST, f);
    files[n_files++].data = data;
    fclose(f);
}

static void add(const char *path)
{
    struct dirent **names;
    int n = scandir(path, &names, NULL, alphasort);
    if (n < 0) {
        add_file(path);
        return;
    }
    for (int i = 0; i < n; i++) {
        char whole[4096];
        snprintf(whole, sizeof whole, "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            add_file(whole);
        free(names[i]);
    }
    free(names);
}

/* One change: a byte, some bytes gone, some doubled, or some of another file. */
static void change(uint8_t *data, size_t *size)
{
    static const char likely[] = "0123456789:/?#%&;.,<>\"'\\ \t\n+-*=@abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    uint32_t n = (uint32_t)*size, at = below(n + 1), length = 1 + below(16);
    uint32_t kind = below(8);
    if (kind < 4 && at < n) {
        data[at] = below(4) ? (uint8_t)likely[below(sizeof likely - 1)] : (uint8_t)below(256);
    } else if (kind == 4) {
        length = at + length > n ? n - at : length;
        memmove(data + at, data + at + length, n - at - length);
        *size -= length;
    } else if (n + length <= most) {
        memmove(data + at + length, data + at, n - at);
        size_t other = below((uint32_t)n_files + 1);
        for (uint32_t i = 0; i < length; i++)
            data[at + i] = other < n_files && files[other].size
                               ? files[other].data[(at + i) % files[other].size]
                               : (uint8_t)likely[below(sizeof likely - 1)];
        *size += length;
    }
}

static void run_changed(void)
{
    static uint8_t data[MOST];
    size_t size = 0;
    uint32_t from = below((uint32_t)n_files + 1);
    if (from < n_files) {
        size = files[from].size < most ? files[from].size : most;
        memcpy(data, files[from].data, size);
    }
    for (uint32_t changes = 1 + below(from < n_files ? 12 : 60); changes > 0; changes--)
        change(data, &size);
    run(data, size);
}

int main(int argc, char **argv)
{
    unsigned long runs = 0;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "-runs=", 6) == 0)
            runs = strtoul(argv[i] + 6, NULL, 10);
        else if (strncmp(argv[i], "-seed=", 6) == 0)
            state = strtoull(argv[i] + 6, NULL, 10);
        else if (strncmp(argv[i], "-most=", 6) == 0)
            most = strtoul(argv[i] + 6, NULL, 10);
        else
            add(argv[i]);
    }
    if (most > MOST)
        most = MOST;
    snprintf(crash_file, sizeof crash_file, "crash-%s", program_invocation_short_name);
    signal(SIGABRT, keep_input);
    signal(SIGSEGV, keep_input);
    signal(SIGFPE, keep_input);
    signal(SIGALRM, keep_input);
    for (size_t i = 0; i < n_files; i++)
        run(files[i].data, files[i].size);
    for (unsigned long i = 0; i < runs; i++)
        run_changed();
    printf("%s: %zu files and %lu changed ones\n", program_invocation_short_name, n_files, runs);
    for (size_t i = 0; i < n_files; i++)
        free(files[i].data);
    return 0;
}
