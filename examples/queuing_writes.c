/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Queuing, where it does help: a stage that is cheaper in batches (the book's benchmark).
 *
 * A stream of single bytes is written to a file, by a system call for each byte, and through a
 * buffer, as stdio has one. The book measured 3969 ns and 1356 ns for a byte, the way through the
 * pipeline included; its program never flushes the buffer, this one does. The system's work is done
 * on the worker's thread, which is right for a file that is in memory; a slow disk would be a case
 * for rn_blocking.
 *
 * Prints the nanoseconds for a byte without and with the buffer, and their ratio.
 */
#include <stdio.h>
#include <unistd.h>

#include <runnel.h>

enum { BYTES = 20 * 1000 };

static int write_unbuffered(char byte, FILE *file)
{
    return write(fileno(file), &byte, 1) == 1 ? 0 : -EIO;
}
RN_STAGE(write_unbuffered, int, char, FILE *);

static int write_buffered(char byte, FILE *file)
{
    return putc(byte, file) == (unsigned char)byte ? 0 : -EIO;
}
RN_STAGE(write_buffered, int, char, FILE *);

static int chapter(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    int rc[2];
    double ns[2];
    for (int buffered = 0; buffered < 2; buffered++) {
        FILE *file = tmpfile();
        if (!file)
            return -EIO;
        rn_group *stages = rn_group_new(NULL);
        int64_t start = rn_now();
        rn_receiver(char) bytes = rn_take(stages, rn_repeat(stages, char, 0), BYTES);
        rc[buffered] = buffered ? rn_for_each(bytes, write_buffered, file)
                                : rn_for_each(bytes, write_unbuffered, file);
        if (fflush(file) != 0)
            rc[buffered] = -EIO;
        ns[buffered] = (double)(rn_now() - start) / BYTES;
        rn_group_close(stages);
        fclose(file);
    }
    printf("BenchmarkUnbufferedWrite %6.0f ns/op\n", ns[0]);
    printf("BenchmarkBufferedWrite   %6.0f ns/op\n", ns[1]);
    printf("unbuffered takes %.1f times as long\n", ns[0] / ns[1]);
    return rc[0] ? rc[0] : rc[1];
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
