/* SPDX-License-Identifier: MIT */
/* The command of a process, as a shell reads it. */
/* kit: once */
#include "scope/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit/kit.h"

/* The tests run this program with other words. So asked it says its command, and ends. */
static const char asked[] = "RNI_COMMAND_TEST_BYTES";

__attribute__((constructor)) static void say_command(void)
{
    char line[8192];
    const char *bytes = getenv(asked);
    if (!bytes)
        return;
    rni_command_line(line, (size_t)atoi(bytes));
    fputs(line, stdout);
    fflush(stdout);
    _exit(0);
}

/* What a process of these words says its command is, in at most room bytes. */
static const char *said(int room, char *const *words)
{
    static char text[8192];
    char bytes[16];
    int ends[2], status;
    size_t used = 0;
    CHECK_EQ(pipe(ends), 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        snprintf(bytes, sizeof bytes, "%d", room);
        setenv(asked, bytes, 1);
        dup2(ends[1], 1);
        execv("/proc/self/exe", words);
        _exit(1);
    }
    close(ends[1]);
    for (ssize_t n; (n = read(ends[0], text + used, sizeof text - 1 - used)) > 0;)
        used += (size_t)n;
    text[used] = '\0';
    close(ends[0]);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK_EQ(status, 0);
    return text;
}
#define SAID(room_, ...) said((room_), (char *[]){ __VA_ARGS__, NULL })

TEST(command_is_quoted_as_a_shell_reads_it)
{
    CHECK_STR(SAID(2000, "./prog", "a=b,c", "-x"), " ./prog a=b,c -x");
    CHECK_STR(SAID(2000, "prog", "", "two words", "a\"$(b)"), " prog '' 'two words' 'a\"$(b)'");
    CHECK_STR(SAID(2000, "my prog", "it's"), " 'my prog' 'it'\\''s'");
}

TEST(command_shows_no_control_characters_to_the_terminal)
{
    CHECK_STR(SAID(2000, "prog", "\033[31m'\\\t"), " prog $'\\033[31m\\'\\\\\\011'");
    CHECK_STR(SAID(2000, "prog", "\302\23331m"), " prog $'\302\\23331m'"); /* in UTF-8 */
}

TEST(command_that_does_not_fit_ends_in_an_ellipsis)
{
    char long_word[2001];
    memset(long_word, 'x', sizeof long_word - 1);
    long_word[sizeof long_word - 1] = '\0';
    CHECK_STR(SAID(4000, "prog", "first", long_word, "last"), " prog first ...");
    long_word[300] = '\0';
    CHECK_STR(SAID(100, "prog", "first", long_word, "last"), " prog first ...");
    long_word[300] = 'x', long_word[1023 - 5] = '\0'; /* with prog: as much as is read */
    CHECK_STR(SAID(4000, "prog", long_word, "last") + 1018 + 6, " ...");
}
