/* SPDX-License-Identifier: MIT */
/* Lists folders of /proc without the C library's opendir, which would allocate. */
#ifndef RNI_OS_LINUX_FOLDER_H
#define RNI_OS_LINUX_FOLDER_H

/* Calls fn for each entry of the open folder, from the first on, until it returns something else
 * than 0. Returns that, 0, or a negative error. */
int rni_folder_each(int folder, int (*fn)(const char *name, void *arg), void *arg);

#endif
