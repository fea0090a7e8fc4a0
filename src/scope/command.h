/* SPDX-License-Identifier: MIT */
/* The command that this process was started by. */
#ifndef RNI_SCOPE_COMMAND_H
#define RNI_SCOPE_COMMAND_H

#include <stddef.h>

/* Writes it into out, with a blank before each word, as a shell reads it: words of more than plain
 * characters are quoted. What does not fit, or cannot be read, is an ellipsis. */
void rni_command_line(char *out, size_t bytes);

#endif
