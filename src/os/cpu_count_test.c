/* SPDX-License-Identifier: MIT */
/*
 * How many CPUs a process may use: those of its affinity mask, or fewer by its cgroup's quota. The
 * quota is a file that only the system writes, so each test hides it under one of its own, in a
 * mount namespace of its own.
 */
/* kit: once */
#define _GNU_SOURCE
#include <runnel.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include "kit/kit.h"
#include "os/os.h"

static const char folder[] = "/sys/fs/cgroup";

static unsigned cpus_of_the_mask(void)
{
    cpu_set_t set;
    CHECK_EQ(sched_getaffinity(0, sizeof set, &set), 0);
    return (unsigned)CPU_COUNT(&set);
}

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    CHECK(f != NULL);
    CHECK(fputs(text, f) >= 0);
    CHECK_EQ(fclose(f), 0);
}

/* Where users may have namespaces of their own, nobody needs to be root for this. */
static bool enter_namespace(void)
{
    char uids[32], gids[32];
    snprintf(uids, sizeof uids, "0 %u 1", (unsigned)geteuid());
    snprintf(gids, sizeof gids, "0 %u 1", (unsigned)getegid());
    if (unshare(CLONE_NEWNS) == 0)
        return true;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return false;
    put("/proc/self/setgroups", "deny");
    put("/proc/self/uid_map", uids);
    put("/proc/self/gid_map", gids);
    return true;
}

static void hide_cgroup(void)
{
    if (access(folder, F_OK) != 0)
        kit_skip("there is no /sys/fs/cgroup");
    if (!enter_namespace())
        kit_skip("no mount namespace for this user");
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder, "tmpfs", 0, NULL) != 0)
        kit_skip("cannot mount in a namespace");
}

static void set_quota(const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "%s/cpu.max", folder);
    put(path, text);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

TEST(cpu_count_is_limited_by_the_quota_of_the_cgroup_rounded_up)
{
    static const struct {
        const char *text;
        unsigned limit;
    } quotas[] = {
        { "100000 100000\n", 1 }, { "50000 100000\n", 1 },  { "1000 100000\n", 1 },
        { "100001 100000\n", 2 }, { "200000 100000\n", 2 }, { "30000 20000\n", 2 },
        { "250000 100000\n", 3 },
    };
    unsigned mask = cpus_of_the_mask();
    hide_cgroup();
    for (size_t i = 0; i < sizeof quotas / sizeof *quotas; i++) {
        set_quota(quotas[i].text);
        CHECK_EQ(rni_os_cpu_count(), least(mask, quotas[i].limit));
    }
}

TEST(cpu_count_is_that_of_the_mask_without_a_quota)
{
    static const char *const texts[] = { "max 100000\n",   "", "nonsense\n", "0 0\n", "-1 100000\n",
                                         "90000000 9000\n" };
    unsigned mask = cpus_of_the_mask();
    hide_cgroup();
    CHECK_EQ(rni_os_cpu_count(), mask); /* there is no such file */
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        set_quota(texts[i]);
        CHECK_EQ(rni_os_cpu_count(), mask);
    }
}

static int count_workers(rn_group *g, void *arg)
{
    (void)g;
    CHECK_EQ(rn_worker_count(), *(unsigned *)arg);
    return 0;
}

TEST(cpu_count_is_what_workers_default_to)
{
    unsigned one = 1;
    hide_cgroup();
    set_quota("70000 100000\n");
    CHECK_EQ(unsetenv("RUNNEL_WORKERS"), 0);
    CHECK_EQ(rn_run(count_workers, &one), 0);
}
