/* SPDX-License-Identifier: MIT */
/*
 * A value of any of a few types, for channels and stages that do not know what they carry.
 *
 *     rn_receiver(rn_any) in = rn_generator(g, rn_any, RN_ANY("text"), RN_ANY(42));
 *     int64_t n = rn_any_int(v);                  a programming error unless v is an integer
 *     if (rn_any_try_string(v, &text)) ...        asks
 *
 * It is two words and is copied freely. It owns nothing: a string or pointer must outlive it, or
 * the channel that carries it has a drop function. Typed channels and stages never use it.
 */
#ifndef RUNNEL_ANY_H
#define RUNNEL_ANY_H

#include <runnel/base.h>

RN_EXTERN_C_BEGIN

/* What an rn_any holds. */
typedef enum rn_any_tag {
    RN_ANY_NONE = 0, /* what a zeroed rn_any is */
    RN_ANY_INT,
    RN_ANY_DOUBLE,
    RN_ANY_STRING,
    RN_ANY_POINTER
} rn_any_tag;

/* A tag and the value it tells of. */
typedef struct rn_any {
    rn_any_tag tag;
    union {
        int64_t integer;
        double number;
        const char *string;
        void *pointer;
    } as;
} rn_any;

/*
 * The value, which must have the type: anything else is a programming error, reported with the
 * site. Any task, any thread; never waits.
 */
#define rn_any_int(v) rn_any_int_at((v), RN_HERE)
#define rn_any_double(v) rn_any_double_at((v), RN_HERE)
#define rn_any_string(v) rn_any_string_at((v), RN_HERE)
#define rn_any_pointer(v) rn_any_pointer_at((v), RN_HERE)
RN_API int64_t rn_any_int_at(rn_any v, const char *site);
RN_API double rn_any_double_at(rn_any v, const char *site);
RN_API const char *rn_any_string_at(rn_any v, const char *site);
RN_API void *rn_any_pointer_at(rn_any v, const char *site);

/* Whether v has the type; then its value is stored at out. */
static inline bool rn_any_try_int(rn_any v, int64_t *out)
{
    if (v.tag == RN_ANY_INT)
        *out = v.as.integer;
    return v.tag == RN_ANY_INT;
}
static inline bool rn_any_try_double(rn_any v, double *out)
{
    if (v.tag == RN_ANY_DOUBLE)
        *out = v.as.number;
    return v.tag == RN_ANY_DOUBLE;
}
static inline bool rn_any_try_string(rn_any v, const char **out)
{
    if (v.tag == RN_ANY_STRING)
        *out = v.as.string;
    return v.tag == RN_ANY_STRING;
}
static inline bool rn_any_try_pointer(rn_any v, void **out)
{
    if (v.tag == RN_ANY_POINTER)
        *out = v.as.pointer;
    return v.tag == RN_ANY_POINTER;
}

/* An rn_any of that type with the value, which is not copied if it is a pointer; RN_ANY chooses. */
static inline rn_any rn_any_of_int(int64_t v)
{
    rn_any any;
    any.tag = RN_ANY_INT;
    any.as.integer = v;
    return any;
}
static inline rn_any rn_any_of_double(double v)
{
    rn_any any;
    any.tag = RN_ANY_DOUBLE;
    any.as.number = v;
    return any;
}
static inline rn_any rn_any_of_string(const char *v)
{
    rn_any any;
    any.tag = RN_ANY_STRING;
    any.as.string = v;
    return any;
}
static inline rn_any rn_any_of_pointer(const void *v)
{
    rn_any any;
    any.tag = RN_ANY_POINTER;
    any.as.pointer = (void *)(uintptr_t)v;
    return any;
}

RN_EXTERN_C_END

#ifndef __cplusplus
/* An rn_any from a value: integers, bool and characters become RN_ANY_INT (unsigned ones beyond
 * INT64_MAX wrap), float and double RN_ANY_DOUBLE, pointers to char RN_ANY_STRING, other pointers
 * RN_ANY_POINTER. Nothing else compiles. */
#define RN_ANY(v)                                                                                  \
    _Generic((v), bool                                                                             \
             : rn_any_of_int, char                                                                 \
             : rn_any_of_int, signed char                                                          \
             : rn_any_of_int, unsigned char                                                        \
             : rn_any_of_int, short                                                                \
             : rn_any_of_int, unsigned short                                                       \
             : rn_any_of_int, int                                                                  \
             : rn_any_of_int, unsigned                                                             \
             : rn_any_of_int, long                                                                 \
             : rn_any_of_int, unsigned long                                                        \
             : rn_any_of_int, long long                                                            \
             : rn_any_of_int, unsigned long long                                                   \
             : rn_any_of_int, float                                                                \
             : rn_any_of_double, double                                                            \
             : rn_any_of_double, char *                                                            \
             : rn_any_of_string, const char *                                                      \
             : rn_any_of_string, default                                                           \
             : rn_any_of_pointer)(v)
#endif

#endif
