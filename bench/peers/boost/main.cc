/* SPDX-License-Identifier: MIT */
/*
 * The Boost.Fiber side of runnel's benchmarks:
 *
 *     boostbench NAME n [capacity]
 *     boostbench list
 *
 * BENCH_WORKERS in the environment sets the threads that run fibers. One thread keeps the default
 * round_robin; several share their work by work_stealing. Whether a thread without work spins or
 * sleeps is the program's choice, and it matters: each row has what served it best.
 */
#include "bench.h"

#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

unsigned workers = 2;

enum idle { spins, sleeps };

struct entry {
    benchmark *run;
    idle when_idle;
};

static const std::map<std::string, entry> benchmarks = {
    { "buffered", { buffered, sleeps } }, { "fanout", { fanout, sleeps } },
    { "forked", { forkjoin, spins } }, /* the same */
    { "forkjoin", { forkjoin, spins } },  { "mpmc", { mpmc, sleeps } },
    { "mutex", { mutex, sleeps } },       { "pingpong", { pingpong, sleeps } },
    { "sieve", { sieve, sleeps } },       { "skynet", { skynet, spins } },
    { "spawn", { spawn, sleeps } },       { "unbuffered", { unbuffered, sleeps } },
    { "yield", { yield, sleeps } },
};

/* The threads beside the main one: each runs fibers until the end. */
class crew
{
  public:
    explicit crew(idle when_idle)
    {
        if (workers == 1)
            return;
        auto share = [when_idle] {
            fibers::use_scheduling_algorithm<fibers::algo::work_stealing>(workers,
                                                                          when_idle == sleeps);
        };
        for (unsigned i = 1; i < workers; i++)
            threads.emplace_back([this, share] {
                share();
                std::unique_lock<fibers::mutex> lock(mutex);
                condition.wait(lock, [this] { return done; });
            });
        share();
    }

    ~crew()
    {
        {
            std::lock_guard<fibers::mutex> lock(mutex);
            done = true;
        }
        condition.notify_all();
        for (std::thread &thread : threads)
            thread.join();
    }

  private:
    std::vector<std::thread> threads;
    fibers::mutex mutex;
    fibers::condition_variable condition;
    bool done = false;
};

static std::int64_t number(const char *text)
{
    char *end;
    long long v = std::strtoll(text, &end, 10);
    if (end == text || *end || v < 0) {
        std::fprintf(stderr, "not a number: %s\n", text);
        std::exit(2);
    }
    return v;
}

int main(int argc, char **argv)
{
    if (argc == 2 && std::string(argv[1]) == "list") {
        for (const auto &[name, ignored] : benchmarks)
            std::printf("%s\n", name.c_str());
        return 0;
    }
    auto found = argc > 2 ? benchmarks.find(argv[1]) : benchmarks.end();
    if (found == benchmarks.end()) {
        std::fprintf(stderr, "usage: boostbench NAME n [capacity]\n");
        return 2;
    }
    std::int64_t n = number(argv[2]);
    std::size_t capacity = argc > 3 ? static_cast<std::size_t>(number(argv[3])) : 0;
    if (const char *text = std::getenv("BENCH_WORKERS"))
        workers = static_cast<unsigned>(number(text));

    crew others(found->second.when_idle);
    found->second.run(n / 10, capacity);
    auto start = std::chrono::steady_clock::now();
    std::int64_t check = found->second.run(n, capacity);
    std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
    std::printf("{\"bench\":\"%s\",\"n\":%" PRId64 ",\"capacity\":%zu,\"workers\":%u,"
                "\"ns_per_op\":%.3f,\"check\":%" PRId64 "}\n",
                argv[1], n, capacity, workers, elapsed.count() / static_cast<double>(n), check);
    return 0;
}
