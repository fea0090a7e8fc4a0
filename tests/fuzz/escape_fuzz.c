/* SPDX-License-Identifier: MIT */
/* Target: what makes text from outside safe for terminals, JSON and URLs, and takes it back. */
#include "fuzz/fuzz.h"
#include "fuzz/json.h"

#include <string.h>

#include "../../apps/runnel/escape.h"

static void check_json(const char *text)
{
    str quoted = { 0 };
    str_putc(&quoted, '"');
    escape_json(&quoted, text);
    str_putc(&quoted, '"');
    FUZZ_CHECK(json_valid(str_c(&quoted), quoted.len));
    bool replaces = strstr(str_c(&quoted), "\\ufffd") && !strstr(text, "ufffd");
    FUZZ_CHECK(!replaces || !json_utf8(text, strlen(text)));
    str_fini(&quoted);
}

static void check_terminal(const char *text)
{
    str out = { 0 };
    escape_terminal(&out, text);
    FUZZ_CHECK(json_utf8(str_c(&out), out.len));
    for (size_t i = 0; i < out.len; i++)
        FUZZ_CHECK((unsigned char)out.data[i] >= ' ' && out.data[i] != 0x7f);
    str_fini(&out);
}

/* A path becomes a part of a URL and comes back. */
static void check_path(const char *path, size_t n)
{
    str url = { 0 }, back = { 0 };
    escape_path(&url, path, n);
    for (size_t i = 0; i < url.len; i++)
        FUZZ_CHECK(url.data[i] > ' ' && url.data[i] < 0x7f && !strchr("?#\"<>", url.data[i]));
    bool clean = unescape_percent(&back, str_c(&url), url.len);
    FUZZ_CHECK(clean == !memchr(path, 0, n));
    FUZZ_CHECK(back.len == n && (n == 0 || memcmp(back.data, path, n) == 0));
    str_fini(&url);
    str_fini(&back);
}

static void check_utf8(const char *text, size_t n)
{
    size_t at = 0;
    bool valid = true;
    while (at < n) {
        uint32_t c;
        size_t length = utf8_next(text + at, n - at, &c), broken = 0;
        if (!length) {
            valid = false;
            broken = utf8_broken(text + at, n - at);
            FUZZ_CHECK(broken >= 1 && broken <= 3 && at + broken <= n);
        }
        FUZZ_CHECK(!length || json_utf8(text + at, length));
        at += length + broken;
    }
    FUZZ_CHECK(valid == json_utf8(text, n));
}

static void check_utf16(const char *text, size_t n, bool big)
{
    str out = { 0 };
    utf16_to_utf8(&out, text, n, big);
    FUZZ_CHECK(json_utf8(str_c(&out), out.len));
    FUZZ_CHECK(out.len <= n / 2 * 3);
    str_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        abort();
    memcpy(text, data, size);
    text[size] = 0;
    check_json(text);
    check_terminal(text);
    check_path(text, size);
    check_utf8(text, size);
    check_utf16(text, size, false);
    check_utf16(text, size, true);
    free(text);
    return 0;
}
