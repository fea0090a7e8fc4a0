/* SPDX-License-Identifier: MIT */
/*
 * The pages of the demonstration site. Each broken one has a line in demo/EXPECTED.md; a test
 * compares what `runnel check` finds with that table.
 *
 * In a body "{closed}" stands for a port of this machine where nobody listens. A NULL body is made
 * by site_body: the deeply nested page.
 */
#include "site.h"

#include <string.h>

enum { NESTED = 5000 };

#define TOP(title)                                                                                 \
    "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8><title>" title                       \
    "</title>\n<link rel=stylesheet href=/style.css></head>\n<body id=body>\n"                     \
    "<h1>" title "</h1>\n<p><a href=/>home</a>\n"
#define END "</body></html>\n"

static const site_page pages[] = {
    { .path = "/",
      .body = TOP("The river works") "<ul>\n<li><a href=/guide/>the guide</a>\n<li><a "
                                     "href=/news.html>news</a>\n"
                                     "<li><a href=/people.html>people</a>\n<li><a "
                                     "href=/archive/index.html>archive</a>\n"
                                     "<li><a href=/trouble.html>trouble</a>\n<li><a "
                                     "href=/media.html>pictures</a>\n"
                                     "<li><a href=/missing.html>a page that is gone</a>\n"
                                     "<li><a href='/guide/#locks'>locks</a>\n</ul>\n" END },
    { .path = "/style.css", .type = "text/css", .body = "body { margin: 2em }\n" },
    { .path = "/robots.txt", .type = "text/plain", .body = "User-agent: *\n" },
    { .path = "/guide/",
      .body = TOP("Guide") "<p><a href=one.html>one</a> <a href=two.html>two</a> "
                           "<a href=three.html>three</a>\n<h2 id=locks>Locks</h2>\n"
                           "<p><a href='#locks'>here</a> <a href='#sluices'>nowhere</a> "
                           "<a href='#top'>up</a>\n" END },
    { .path = "/guide/one.html",
      .body = TOP("One") "<p><a href=two.html>next</a> <a href='two.html#weir'>the weir</a>\n"
                         "<p><a href='two.html#dam'>the dam, which was removed</a>\n" END },
    { .path = "/guide/two.html",
      .body = TOP("Two") "<h2><a name=weir>Weir</a></h2>\n<p><a href=three.html>next</a>\n"
                         "<p><a href=../missing.html>gone</a>\n"
                         "<p><a href='three.html#caf%C3%A9'>the caf\xc3\xa9</a>\n" END },
    { .path = "/guide/three.html",
      .body = TOP("Three") "<h2 id='caf\xc3\xa9'>Caf\xc3\xa9</h2>\n"
                           "<p><a href=./>contents</a> <a href=one.html>first</a>\n" END },
    { .path = "/news.html",
      .body = TOP("News") "<p><a href=/old-news.html>older</a>\n<p><a href=/a.html>moved</a>\n"
                          "<p><a href=/withdrawn.html>withdrawn</a>\n"
                          "<p><a href='/old-news.html#y2019'>2019</a>\n"
                          "<p><a href='/old-news.html#y1999'>1999</a>\n" END },
    { .path = "/old-news.html", .status = 301, .location = "/archive/news.html", .body = "" },
    { .path = "/archive/news.html",
      .body = TOP("Old news") "<h2 id=y2019>2019</h2>\n<p><a href=index.html>archive</a>\n" END },
    { .path = "/archive/index.html",
      .body = TOP("Archive") "<p><a href=news.html>news</a> <a href=deep.html>deep</a>\n"
                             "<p><a href=latin.html>latin</a> <a href=base.html>base</a>\n" END },
    { .path = "/archive/deep.html", .body = NULL },
    { .path = "/archive/latin.html",
      .body = TOP("Bytes") "<p>\xff\xfe caf\xe9 \xc3\x28\n"
                           "<p><a href='caf\xe9.html'>a name that is not UTF-8</a>\n"
                           "<p><a href='caf\xc3\xa9.html'>one that is</a>\n" END },
    { .path = "/archive/caf%E9.html", .body = TOP("By its bytes") END },
    { .path = "/archive/caf%C3%A9.html", .body = TOP("By its letters") END },
    { .path = "/archive/base.html",
      .body = "<!DOCTYPE html><title>Base</title><base href=/guide/>\n"
              "<p><a href=one.html>in the guide</a>\n<p><a href=four.html>not there</a>\n" },
    { .path = "/a.html", .status = 301, .location = "/b.html", .body = "" },
    { .path = "/b.html", .status = 302, .location = "/c.html", .body = "" },
    { .path = "/c.html", .status = 308, .location = "/d.html", .body = "" },
    { .path = "/d.html", .body = TOP("The end of the chain") END },
    { .path = "/withdrawn.html", .status = 410, .body = TOP("Withdrawn") END },
    { .path = "/people.html",
      .body = TOP("People") "<p><a href=mailto:ann@river.example>Ann</a>\n"
                            "<p><a href=tel:+4912345>call</a>\n"
                            "<p><a href='javascript:void(0)'>click</a>\n"
                            "<p><a href=/people/ann.html>Ann</a> <a href=/people/bob.html>Bob</a>\n"
                            "<p><a href='http://[bad/'>a malformed one</a>\n" END },
    { .path = "/people/ann.html",
      .body = TOP(
          "Ann") "<p><a href=bob.html>Bob</a> <a href=mailto:ann@river.example>write</a>\n" END },
    { .path = "/people/bob.html",
      .body = TOP("Bob") "<p><a href=ann.html>Ann</a> <a href=carol.html>Carol</a>\n" END },
    { .path = "/media.html",
      .body = TOP("Pictures") "<img src=/img/weir.png alt=weir\n"
                              " srcset='/img/weir.png 1x, /img/weir-2x.png 2x'>\n"
                              "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw=' alt=dot>\n"
                              "<script src=/app.js></script>\n" END },
    { .path = "/img/weir.png", .type = "image/png", .body = "\x89PNG\r\n" },
    { .path = "/app.js", .type = "text/javascript", .body = "void 0;\n" },
    { .path = "/trouble.html",
      .body = TOP(
          "Trouble") "<ul>\n<li><a href=/error.html>an error</a>\n<li><a href=/loop-1.html>a "
                     "loop</a>\n"
                     "<li><a href=/slow.html>slow</a>\n<li><a href=/busy.html>busy</a>\n"
                     "<li><a href=/no-head.html>no HEAD</a>\n<li><a href=/reset.html>reset</a>\n"
                     "<li><a href=/short.html>cut short</a>\n<li><a "
                     "href=/endless.html>endless</a>\n"
                     "<li><a href=/silent.html>silent</a>\n<li><a href=/garbage.html>garbage</a>\n"
                     "<li><a href=/astray.html>astray</a>\n<li><a href=/control.html>control</a>\n"
                     "<li><a href='http://127.0.0.1:{closed}/'>nobody there</a>\n</ul>\n" END },
    { .path = "/error.html", .status = 500, .body = "<p>broken on purpose\n" },
    { .path = "/loop-1.html", .status = 302, .location = "/loop-2.html", .body = "" },
    { .path = "/loop-2.html", .status = 302, .location = "/loop-1.html", .body = "" },
    { .path = "/astray.html", .status = 302, .location = "mailto:ann@river.example", .body = "" },
    { .path = "/slow.html", .manner = SITE_SLOW, .body = TOP("Slow") END },
    { .path = "/busy.html", .manner = SITE_BUSY, .body = TOP("Busy") END },
    { .path = "/no-head.html", .manner = SITE_NO_HEAD, .body = TOP("GET only") END },
    { .path = "/reset.html", .manner = SITE_RESET, .body = TOP("Reset") END },
    { .path = "/short.html", .manner = SITE_SHORT, .body = TOP("Short") END },
    { .path = "/endless.html", .manner = SITE_ENDLESS, .body = TOP("Endless") },
    { .path = "/silent.html", .manner = SITE_SILENT, .body = "" },
    { .path = "/garbage.html", .manner = SITE_GARBAGE, .body = "" },
    { .path = "/control.html",
      .body = TOP("Control") "<p><a href='/\x1b[31mred\x07.html'>a name with controls</a>\n" END },
};

const site_page *site_find(const char *path)
{
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (strcmp(pages[i].path, path) == 0)
            return &pages[i];
    return NULL;
}

void site_body(const site_page *p, unsigned closed_port, str *out)
{
    if (!p->body) {
        str_puts(out, TOP("Deep"));
        for (int i = 0; i < NESTED; i++)
            str_puts(out, "<div>");
        str_puts(out, "<a href=/archive/bottom.html>the bottom</a>\n" END);
        return;
    }
    const char *mark = strstr(p->body, "{closed}");
    if (!mark) {
        str_puts(out, p->body);
        return;
    }
    str_add(out, p->body, (size_t)(mark - p->body));
    str_printf(out, "%u%s", closed_port, mark + strlen("{closed}"));
}
