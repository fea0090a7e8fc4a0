/* SPDX-License-Identifier: MIT */
/* When the program's functions are bound: its dynamic section and the environment tell. */
#define _GNU_SOURCE
#include <elf.h>
#include <link.h>
#include <stdlib.h>

#include "base/check.h"
#include "os/os.h"

/* Whether an object with this dynamic section has functions that are bound at their first call. */
static bool binds_late(const ElfW(Dyn) * d)
{
    bool some = false;
    for (; d->d_tag != DT_NULL; d++) {
        some |= d->d_tag == DT_JMPREL;
        if (d->d_tag == DT_BIND_NOW || (d->d_tag == DT_FLAGS && (d->d_un.d_val & DF_BIND_NOW)) ||
            (d->d_tag == DT_FLAGS_1 && (d->d_un.d_val & DF_1_NOW)))
            return false;
    }
    return some;
}

/* The first object is the program. */
static int look(struct dl_phdr_info *object, size_t size, void *late)
{
    (void)size;
    for (int i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_DYNAMIC)
            *(bool *)late = binds_late(
                (const ElfW(Dyn) *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr));
    return 1;
}

bool rni_os_binds_late(void)
{
    const char *now = getenv("LD_BIND_NOW");
    if (now && *now)
        return false;
    bool late = false;
    dl_iterate_phdr(look, &late);
    return late;
}
