/* SPDX-License-Identifier: MIT */
/* What comes back from a fetcher: made in it, sent to the frontier, freed there. */
#include "target.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void result_free(result *r)
{
    if (!r)
        return;
    free(r->reason);
    free(r->location);
    free(r->found);
    idset_fini(&r->ids);
    arena_free(r->arena);
    free(r);
}

void result_break(result *r, fault kind, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    free(r->reason);
    r->reason = xstrdup(text);
    r->outcome = OUT_BROKEN;
    r->fault = kind;
}

const char *fault_name(fault f)
{
    static const char *const names[] = { "none",    "file", "status",  "redirect",
                                         "network", "tls",  "timeout", "too-large",
                                         "parse",   "url",  "fragment" };
    return names[f];
}
