/* SPDX-License-Identifier: MIT */
/* kit: once */
/* The parts of `runnel check` that need no run: URLs, escaping, names, HTML, maps, arenas. */
#include "kit/kit.h"

#include "../assertion.h"
#include "../escape.h"
#include "../html.h"
#include "../idset.h"
#include "../map.h"
#include "../options.h"
#include "../panic.h"
#include "../url.h"

#include <runnel.h>

#include <assert.h>
#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

static void check_url(const char *base, const char *ref, url_kind kind, const char *url,
                      const char *fragment)
{
    str u = { 0 }, f = { 0 };
    const char *fault = NULL;
    CHECK_EQ(url_resolve(base, ref, &u, &f, &fault), kind);
    CHECK_STR(str_c(&u), url);
    CHECK_STR(str_c(&f), fragment);
    CHECK(kind != URL_BAD || fault);
    str_fini(&u);
    str_fini(&f);
}

static void check_utf16(const char *text, size_t n, bool big_endian, const char *expected)
{
    str out = { 0 };
    utf16_to_utf8(&out, text, n, big_endian);
    CHECK_STR(str_c(&out), expected);
    str_fini(&out);
}

TEST(utf16_becomes_utf8)
{
    check_utf16("a\0\xe9\0\xac\x20", 6, false, "a\xc3\xa9\xe2\x82\xac");
    check_utf16("\0a\x20\xac", 4, true, "a\xe2\x82\xac");
    check_utf16("\xd8\x3d\xde\0\0b", 6, true,
                "\xf0\x9f\x98\x80"
                "b");
    check_utf16("\xd8\x3d\0b", 4, true,
                "\xef\xbf\xbd"
                "b");
    check_utf16("\xd8\x3d\xd8\x3d\xde\0", 6, true, "\xef\xbf\xbd\xf0\x9f\x98\x80");
    check_utf16("\xde\0\0b\xd8\x3d", 6, true,
                "\xef\xbf\xbd"
                "b\xef\xbf\xbd");
    check_utf16("\0b\0", 3, true, "b");
    check_utf16("", 0, true, "");
}

TEST(url_resolves_on_disk)
{
    const char *base = "file:///d/x/a.html";
    check_url(base, "b.html", URL_FILE, "file:///d/x/b.html", "");
    check_url(base, "  b.html\n", URL_FILE, "file:///d/x/b.html", "");
    check_url(base, "a%20b.html?q=1#f%20g", URL_FILE, "file:///d/x/a%20b.html", "f%20g");
    check_url(base, "a b.html", URL_FILE, "file:///d/x/a%20b.html", "");
    check_url(base, "#top", URL_FILE, "file:///d/x/a.html", "top");
    check_url(base, "", URL_FILE, "file:///d/x/a.html", "");
    check_url(base, "?q", URL_FILE, "file:///d/x/a.html", "");
    check_url(base, "../../../../b", URL_FILE, "file:///b", "");
    check_url(base, "/y//z/./w/..", URL_FILE, "file:///y/z/", "");
    check_url(base, ".", URL_FILE, "file:///d/x/", "");
    check_url(base, "caf\xe9", URL_FILE, "file:///d/x/caf%E9", "");
    check_url(base, "100%", URL_FILE, "file:///d/x/100%25", "");
    check_url(base, "file:/e", URL_FILE, "file:///e", "");
    check_url(base, "file://localhost/e", URL_FILE, "file:///e", "");
    check_url(base, "//host/p", URL_BAD, "//host/p", "");
    check_url(base, "a%00b", URL_BAD, "a%00b", "");
    check_url(base, "a:b.html", URL_OTHER, "a:b.html", "");
    check_url(base, "./a:b.html", URL_FILE, "file:///d/x/a:b.html", "");
}

TEST(url_resolves_on_the_web)
{
    const char *base = "http://h.example/d/a?x=1/2";
    check_url(base, "b?y", URL_HTTP, "http://h.example/d/b?y", "");
    check_url(base, "?y#z", URL_HTTP, "http://h.example/d/a?y", "z");
    check_url(base, "#z", URL_HTTP, "http://h.example/d/a?x=1/2", "z");
    check_url(base, "", URL_HTTP, "http://h.example/d/a?x=1/2", "");
    check_url(base, "../../e/../f", URL_HTTP, "http://h.example/f", "");
    check_url(base, "//Other.Example/p", URL_HTTP, "http://other.example/p", "");
    check_url(base, "HTTP://H.example:80", URL_HTTP, "http://h.example/", "");
    check_url(base, "https://h.example:443/", URL_HTTP, "https://h.example/", "");
    check_url(base, "a b\xc3\xa9", URL_HTTP, "http://h.example/d/a%20b%C3%A9", "");
    check_url(base, "x\x1b[1m", URL_HTTP, "http://h.example/d/x%1B[1m", "");
    check_url(base, "mailto:x@y", URL_OTHER, "mailto:x@y", "");
    check_url(base, "http://[bad/", URL_BAD, "http://[bad/", "");
    check_url(base, "http://", URL_BAD, "http://", "");
    check_url(base, "http://h:99999/", URL_BAD, "http://h:99999/", "");
    check_url("", "page.html", URL_BAD, "page.html", "");
}

/* What browsers send (the URL standard), byte for byte. */
TEST(url_is_spelled_as_browsers_do)
{
    const char *base = "http://h.example/d/a";
    check_url(base, "/\xc3\xa9", URL_HTTP, "http://h.example/%C3%A9", "");
    check_url(base, "/%C3%A9", URL_HTTP, "http://h.example/%C3%A9", "");
    check_url(base, "/a^`{}<>\"|[]'b", URL_HTTP, "http://h.example/a%5E%60%7B%7D%3C%3E%22|[]'b",
              "");
    check_url(base, "?a b<>\"'`{}^|\\c", URL_HTTP, "http://h.example/d/a?a%20b%3C%3E%22%27`{}^|\\c",
              "");
    check_url(base, "?a+b%20c", URL_HTTP, "http://h.example/d/a?a+b%20c", "");
    check_url(base, "\\x\\y?\\#\\", URL_HTTP, "http://h.example/x/y?\\", "\\");
    check_url(base, "\\\\o.example\\x", URL_HTTP, "http://o.example/x", "");
    check_url(base, "/x/%2e%2E/y/%2e/z", URL_HTTP, "http://h.example/y/z", "");
    check_url(base, "/x/.%2e", URL_HTTP, "http://h.example/", "");
    check_url(base, "/x/%2e%2e%2e/%2ey", URL_HTTP, "http://h.example/x/%2e%2e%2e/%2ey", "");
    check_url(base, "/a?%2e%2e/", URL_HTTP, "http://h.example/a?%2e%2e/", "");
    check_url(base, "http:/single", URL_HTTP, "http://h.example/single", "");
    check_url(base, "HTTP:b?q#f", URL_HTTP, "http://h.example/d/b?q", "f");
    check_url(base, "http:b:c", URL_HTTP, "http://h.example/d/b:c", "");
    check_url(base, "http:?q", URL_HTTP, "http://h.example/d/a?q", "");
    check_url(base, "http:", URL_HTTP, "http://h.example/d/a", "");
    check_url(base, "https:/o.example/x", URL_HTTP, "https://o.example/x", "");
    check_url(base, "https:o.example", URL_HTTP, "https://o.example/", "");
    check_url("file:///d/a", "http:o.example", URL_HTTP, "http://o.example/", "");
    check_url("", "http:", URL_BAD, "http:", "");
    check_url(base, "///o.example//x", URL_HTTP, "http://o.example//x", "");
    check_url(base, "http:////u=v@o.example", URL_HTTP, "http://u%3Dv@o.example/", "");
    check_url(base, "//u\xe0:<p>@o.example/@", URL_HTTP, "http://u%E0:%3Cp%3E@o.example/@", "");
    check_url(base, "http://%41b/", URL_HTTP, "http://ab/", "");
    check_url(base, "http://a%7fb/", URL_BAD, "http://a%7fb/", "");
    check_url(base, "http://a%4%42b/", URL_BAD, "http://a%4%42b/", "");
    /* A label that is too long has no name in the DNS; libcurl calls that a want of memory. */
    const char *too_long =
        "http://\xc3\xbcxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.d/";
    check_url(base, too_long, URL_BAD, too_long, "");
    check_url("file:///d/a", "b\\c%2e", URL_FILE, "file:///d/b%5Cc.", "");
}

TEST(url_origin_has_no_user)
{
    str s = { 0 };
    url_origin("http://u:p@h:81/x@y", &s);
    CHECK_STR(str_c(&s), "http://h:81");
    str_fini(&s);
}

TEST(url_and_path_are_inverse)
{
    str s = { 0 };
    url_from_path(&s, "/a b/\xff#?%41");
    CHECK_STR(str_c(&s), "file:///a%20b/%FF%23%3F%2541");
    char *path = url_to_path(str_c(&s));
    CHECK_STR(path, "/a b/\xff#?%41");
    free(path);
    str_fini(&s);
}

TEST(escape_keeps_controls_from_the_terminal)
{
    str s = { 0 };
    escape_terminal(&s, "a\x1b[31m\x07\xc2\x9b\xe2\x80\xae\xff\xc3\xa9");
    CHECK_STR(str_c(&s), "a\\x1b[31m\\x07\\xc2\\x9b\\xe2\\x80\\xae\\xff\xc3\xa9");
    str_fini(&s);
}

TEST(escape_json_is_always_utf8)
{
    str s = { 0 };
    escape_json(&s, "\"\\\n\x1b\xff\xc3\xa9\xed\xa0\x80\xf0\x9f\x98\x80\xc0\xaf");
    CHECK_STR(str_c(&s), "\\\"\\\\\\u000a\\u001b\\ufffd\xc3\xa9\\ufffd\\ufffd\\ufffd"
                         "\xf0\x9f\x98\x80\\ufffd\\ufffd");
    str_fini(&s);
}

TEST(idset_follows_the_rules_of_html)
{
    idset s = { 0 };
    idset_add(&s, "zeta");
    idset_add(&s, "caf\xc3\xa9");
    idset_add(&s, "a%20b");
    idset_add(&s, "c d");
    idset_seal(&s);
    CHECK(idset_has_fragment(&s, ""));
    CHECK(idset_has_fragment(&s, "Top"));
    CHECK(idset_has_fragment(&s, "zeta"));
    CHECK(!idset_has_fragment(&s, "Zeta"));
    CHECK(idset_has_fragment(&s, "caf%C3%A9"));
    CHECK(idset_has_fragment(&s, "a%20b")); /* as it stands */
    CHECK(idset_has_fragment(&s, "c%20d")); /* decoded */
    CHECK(idset_has_fragment(&s, "zeta:~:text=x"));
    CHECK(idset_has_fragment(&s, ":~:text=x"));
    CHECK(!idset_has_fragment(&s, "zet"));
    CHECK(!idset_has_fragment(&s, "zeta%00junk"));
    CHECK(!idset_has_fragment(&s, "zeta%00"));
    CHECK(!idset_has_fragment(&s, "top%00"));
    idset_fini(&s);
}

TEST(map_keeps_what_it_was_given)
{
    enum { N = 5000 };
    static char keys[N][16];
    map m = { 0 };
    CHECK(map_get(&m, "k0") == NULL);
    for (int i = 0; i < N; i++) {
        strcpy(keys[i], "k");
        for (int n = i, at = 1; n || at == 1; n /= 10)
            keys[i][at++] = (char)('0' + n % 10);
        map_put(&m, keys[i], keys[i]);
    }
    for (int i = 0; i < N; i++)
        CHECK(map_get(&m, keys[i]) == keys[i]);
    CHECK(map_get(&m, "other") == NULL);
    map_fini(&m);
}

TEST(arena_stops_at_its_limit)
{
    arena *a = arena_new(1 << 20);
    void *big = arena_alloc(a, 700 * 1024);
    CHECK(big);
    CHECK(!arena_alloc(a, 700 * 1024));
    arena_release(a, big);
    big = arena_alloc(a, 700 * 1024);
    CHECK(big);
    void *small = arena_alloc(a, 100);
    arena_release(a, small);
    CHECK(arena_alloc(a, 90) == small);
    CHECK(!arena_alloc(a, SIZE_MAX - 8));
    arena_free(a);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static bool always(void *arg)
{
    (void)arg;
    return true;
}

/* The page's links, joined with blanks. */
static void check_links(const char *page, const char *expected)
{
    html_limits limits = { .deadline_ns = INT64_MAX, .stop = never };
    html_doc doc;
    str got = { 0 };
    arena *a = arena_new(64 << 20);
    CHECK_EQ(html_parse(page, strlen(page), a, &limits, &doc), 0);
    for (size_t i = 0; i < doc.count; i++)
        str_printf(&got, "%s%s@%u", i ? " " : "", doc.links[i].ref, doc.links[i].line);
    CHECK_STR(str_c(&got), expected);
    str_fini(&got);
    html_fini(&doc);
    arena_free(a);
}

TEST(html_finds_links)
{
    check_links("<a href=x>\n<area href='y&amp;z'><link rel=icon href=i><form action=f>", "x@1 "
                                                                                          "y&z@2 "
                                                                                          "i@2");
    check_links("<link rel=preconnect href=//h><!-- <a href=c> --><a name=n><a href>", "@1");
    check_links("<script src=s>\"<a href=no>\"</script><iframe src=f></iframe><object data=d>",
                "s@1 f@1 d@1");
    check_links("<img src=a srcset='b 1x, c,d 2x,e'><video poster=p src=v><source src=w>",
                "a@1 b@1 c,d@1 e@1 v@1 p@1 w@1");
    check_links("<meta http-equiv=Refresh content=\"5; URL='n.html'\"><blockquote cite=q>",
                "n.html@1 q@1");
    check_links("<link rel=preload as=image imagesrcset='a 1x, b 2x'>"
                "<table background=t><tr background=r><td background=d><th background=h></table>",
                "a@1 b@1 t@1 r@1 d@1 h@1");
    check_links("<svg><image href=i /><image xlink:href=x /><a xlink:href=l>", "i@1 x@1 l@1");
    check_links("<meta http-equiv=refresh content=5><noscript><img src=n></noscript>", "n@1");
}

TEST(html_counts_a_reopened_element_once)
{
    check_links("<p><a href=x>one<p>two<p>three</a>", "x@1");
    check_links("<a href=x><div>one</a>two</div>", "x@1");
}

TEST(html_keeps_the_bytes_of_a_name)
{
    check_links("<a href='caf\xe9.html'>", "caf\xe9.html@1");
    check_links("<a href=\"caf\xc3\xa9\">", "caf\xc3\xa9@1");
    check_links("<a href='caf\xe9?a=1&b=2&amp;c'>", "caf\xe9?a=1&b=2&c@1");
    check_links("<a href='\xe9&eacute;\xe9\xef\xbf\xbd'>", "\xe9\xc3\xa9\xe9\xef\xbf\xbd@1");
    check_links("<a href='\xe9&#xfffd;'>", "\xef\xbf\xbd\xef\xbf\xbd@1");
}

TEST(html_keeps_any_bytes)
{
    unsigned state = 1;
    for (int round = 0; round < 3000; round++) {
        char page[64] = "<a href='", expected[64] = "";
        size_t n = 9;
        while (n < 9 + 12) {
            /* Leads and continuations at the edges of UTF-8. */
            static const char bytes[] =
                "a\x1b\x7f\x80\x8f\x90\x9f\xa0\xbe\xbf\xc1\xc2\xe0\xed\xef\xf0\xf4\xf5";
            state = state * 1664525 + 1013904223;
            page[n++] = bytes[(state >> 16) % (sizeof bytes - 1)];
        }
        memcpy(expected, page + 9, 12);
        strcpy(expected + 12, "@1");
        strcpy(page + n, "'>");
        check_links(page, expected);
    }
}

TEST(html_knows_base_and_ids)
{
    const char page[] = "<base href=/b/><base href=/c/><p id=i><a name=n></a><img name=m>";
    html_limits limits = { .deadline_ns = INT64_MAX, .stop = never };
    html_doc doc;
    arena *a = arena_new(64 << 20);
    CHECK_EQ(html_parse(page, strlen(page), a, &limits, &doc), 0);
    CHECK_STR(doc.base, "/b/");
    CHECK(idset_has_fragment(&doc.ids, "i"));
    CHECK(idset_has_fragment(&doc.ids, "n"));
    CHECK(!idset_has_fragment(&doc.ids, "m"));
    html_fini(&doc);
    arena_free(a);
}

TEST(html_takes_any_bytes)
{
    html_limits limits = { .deadline_ns = INT64_MAX, .stop = never };
    unsigned state = 1;
    for (int round = 0; round < 200; round++) {
        char page[512];
        static const char bits[] = "<>/='\"& a\0\xff!-bhref";
        for (size_t i = 0; i < sizeof page; i++) {
            state = state * 1664525 + 1013904223;
            page[i] = bits[(state >> 16) % (sizeof bits - 1)];
        }
        html_doc doc;
        arena *a = arena_new(64 << 20);
        CHECK_EQ(html_parse(page, sizeof page, a, &limits, &doc), 0);
        html_fini(&doc);
        arena_free(a);
    }
}

/* A page of n nested elements. */
static char *nested(size_t n)
{
    str s = { 0 };
    for (size_t i = 0; i < n; i++)
        str_puts(&s, "<div>");
    return str_take(&s);
}

TEST(html_nests_deeply)
{
    char *page = nested(20000);
    check_links(page, "");
    free(page);
}

static void leave(void *arg)
{
    longjmp(*(jmp_buf *)arg, 1);
}

TEST(assertion_is_caught_where_asked)
{
    jmp_buf place;
    if (setjmp(place) == 0) {
        assertion_catch(leave, &place);
        assert(!"caught");
    }
    assertion_catch(NULL, NULL);
}

TEST_EXIT(assertion_aborts_elsewhere, 128 + 6, "Assertion `!\"not caught\"' failed.")
{
    assert(!"not caught");
}

TEST_EXIT(panic_is_not_a_broken_link, 70, "runnel: panic: the sluice is open at weir.c:1")
{
    panic_catch();
    rn_panic("weir.c:1", "the sluice is open");
}

TEST_EXIT(panic_for_want_of_memory_says_so, 1, "runnel: out of memory\n")
{
    panic_catch();
    rn_panic(NULL, "out of memory for a run queue");
}

TEST(html_survives_what_its_parser_does_not)
{
    static const char page[] = "<table><math><mi><![CDATA[>]]>#";
    html_limits limits = { .deadline_ns = INT64_MAX, .stop = never };
    for (int i = 0; i < 3; i++) {
        html_doc doc;
        arena *a = arena_new(64 << 20);
        int rc = html_parse(page, sizeof page - 1, a, &limits, &doc);
        CHECK(rc == 0 || rc == -EBADMSG);
        html_fini(&doc);
        arena_free(a);
    }
    check_links("<a href=x>", "x@1");
}

TEST(html_stops_when_told)
{
    html_doc doc;
    char *page = nested(20000);
    arena *a = arena_new(64 << 20);
    html_limits late = { .deadline_ns = 0, .stop = never };
    CHECK_EQ(html_parse(page, strlen(page), a, &late, &doc), -ETIMEDOUT);
    html_limits cancelled = { .deadline_ns = INT64_MAX, .stop = always };
    CHECK_EQ(html_parse(page, strlen(page), a, &cancelled, &doc), -ECANCELED);
    arena_free(a);
    a = arena_new(1 << 20);
    html_limits limits = { .deadline_ns = INT64_MAX, .stop = never };
    CHECK_EQ(html_parse(page, strlen(page), a, &limits, &doc), -E2BIG);
    arena_free(a);
    free(page);
}

/* getopt keeps its place in a word of several letters; the first call leaves one in the middle. */
TEST(options_are_parsed_anew_after_a_mistake)
{
    char *wrong[] = { "check", "-7x", "page.html", NULL }, *right[] = { "check", "-q", "p", NULL };
    options o;
    CHECK(!options_parse(&o, 3, wrong));
    options_fini(&o);
    CHECK(options_parse(&o, 3, right));
    CHECK(o.quiet && o.input_count == 1);
    options_fini(&o);
}
