/* SPDX-License-Identifier: MIT */
/*
 * What the Boost.Fiber benchmarks share. main.cc has the command line, the warm-up, the clock and
 * the threads; a file per row has one function that does n operations on the main fiber and returns
 * a value that takes the whole work to know.
 */
#ifndef BENCH_BOOST_H
#define BENCH_BOOST_H

#include <boost/fiber/all.hpp>

#include <cstddef>
#include <cstdint>

namespace fibers = boost::fibers;

using benchmark = std::int64_t(std::int64_t n, std::size_t capacity);

benchmark buffered, fanout, forkjoin, mpmc, mutex, pingpong, sieve, skynet, spawn, unbuffered,
    yield;

/* How many threads run fibers. */
extern unsigned workers;

#endif
