/* SPDX-License-Identifier: MIT */
/* The names of the HTTP status codes (RFC 9110 and the registry); "" for one without a name. */
#ifndef APP_STATUS_H
#define APP_STATUS_H

const char *status_phrase(int code);

#endif
