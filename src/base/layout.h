/* SPDX-License-Identifier: MIT */
/*
 * The layout table: where a debugger finds the tasks of a process, and what their records look
 * like. Every room adds entries of its own with RNI_LAYOUT; the linker gathers them in the section
 * `rni_layout`. tools/runnel_tasks.py reads it, from a process or a core, with or without debug
 * info; docs/design/0007-debugging.md says why there is such a table.
 *
 * An entry is a name and a number: an address, an offset, a size or a count. Names are kept inside
 * the entry and begin with a mark, so that a core alone suffices: it has the program's variables,
 * but not its constants. That is also why entries are no constants. Nothing in the library reads
 * them.
 *
 * An object of a static library is linked only if something refers to it: entries stand in files
 * that every program has, beside what they describe.
 */
#ifndef RNI_BASE_LAYOUT_H
#define RNI_BASE_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#define RNI_LAYOUT_MARK "rn-layout "

typedef struct rni_layout {
    char name[40]; /* the mark, then "type.field"; ends with zeros */
    uintptr_t value;
} rni_layout;

/* Kept even if the linker drops what nothing refers to (-Wl,--gc-sections). */
#if defined(__has_attribute)
#if __has_attribute(retain)
#define RNI_LAYOUT_KEPT used, retain
#endif
#endif
#ifndef RNI_LAYOUT_KEPT
#define RNI_LAYOUT_KEPT used
#endif

/* RNI_LAYOUT = { RNI_LAYOUT_FIELD("task.id", rni_task, id), ... };  once a file */
#define RNI_LAYOUT                                                                                 \
    static rni_layout layout[] __attribute__((section("rni_layout"), RNI_LAYOUT_KEPT))

#define RNI_LAYOUT_NUMBER(name, number)                                                            \
    {                                                                                              \
        RNI_LAYOUT_MARK name, (uintptr_t)(number)                                                  \
    }
#define RNI_LAYOUT_FIELD(name, type, field) RNI_LAYOUT_NUMBER(name, offsetof(type, field))
#define RNI_LAYOUT_ADDRESS(name, object) RNI_LAYOUT_NUMBER(name, &(object))

#endif
