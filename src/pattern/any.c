/* SPDX-License-Identifier: MIT */
/* Values of any type: the assertions of their types. */
#include <runnel/any.h>

#include "pattern/stage.h"

static void expect(rn_any v, rn_any_tag tag, const char *site)
{
    static const char *const names[] = { "nothing", "an integer", "a double", "a string",
                                         "a pointer" };
    if (v.tag != tag)
        rni_panic(site, "an rn_any holds %s, not %s",
                  (size_t)v.tag < sizeof names / sizeof names[0] ? names[v.tag] : "garbage",
                  names[tag]);
}

int64_t rn_any_int_at(rn_any v, const char *site)
{
    expect(v, RN_ANY_INT, site);
    return v.as.integer;
}

double rn_any_double_at(rn_any v, const char *site)
{
    expect(v, RN_ANY_DOUBLE, site);
    return v.as.number;
}

const char *rn_any_string_at(rn_any v, const char *site)
{
    expect(v, RN_ANY_STRING, site);
    return v.as.string;
}

void *rn_any_pointer_at(rn_any v, const char *site)
{
    expect(v, RN_ANY_POINTER, site);
    return v.as.pointer;
}

static int to_string(void *result, void *a, void *b, const void *captured)
{
    (void)b;
    (void)captured;
    *(const char **)result = rn_any_string_at(*(rn_any *)a, NULL);
    return 0;
}

const rn_function *rn_to_string_function(void)
{
    static const rn_function fn = { .call = to_string,
                                    .name = "to-string",
                                    .result_size = sizeof(const char *),
                                    .a_size = sizeof(rn_any) };
    return &fn;
}
