/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput; libFuzzer drives
 * it, or plain.c does, without clang and the same each time.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process as a crash if the property does not hold; asserts may be off. */
#define FUZZ_CHECK(property)                                                                       \
    ((property) ? (void)0                                                                          \
                : (fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #property),   \
                   abort()))

#endif
