/* SPDX-License-Identifier: MIT */
/*
 * The same two tasks ordered in each way the library offers: TSan must be silent. A channel of
 * capacity 1 as a lock, a mutex, an unbuffered hand-over, a close, the end of a group, a select.
 */
#include <runnel.h>

static int counter;

static int by_channel(rn_chan(rn_unit) lock)
{
    rn_unit u = RN_UNIT;
    for (int i = 0; i < 200; i++) {
        if (rn_send(lock, u) != 0)
            return -EPROTO;
        counter++;
        if (rn_recv(lock, &u) != 0)
            return -EPROTO;
    }
    return 0;
}
RN_TASK(by_channel, rn_chan(rn_unit));

static int by_mutex(rn_mutex *m)
{
    for (int i = 0; i < 200; i++) {
        if (rn_mutex_lock(m) != 0)
            return -EPROTO;
        counter++;
        rn_mutex_unlock(m);
        if (i % 16 == 0)
            rn_yield();
    }
    return 0;
}
RN_TASK(by_mutex, rn_mutex *);

static int hand_over(rn_sender(int *) out, int *value)
{
    for (int i = 0; i < 200; i++) {
        value[i] = i;
        if (rn_send(out, value + i) != 0)
            return -EPROTO;
    }
    rn_close(out);
    return 0;
}
RN_TASK(hand_over, rn_sender(int *), int *);

static int two_of(rn_group *g, rn_chan(rn_unit) lock, rn_mutex *m)
{
    rn_group *two = rn_group_new(NULL);
    (void)g;
    for (int i = 0; i < 2; i++) {
        if (lock)
            rn_go(two, by_channel, lock);
        else
            rn_go(two, by_mutex, m);
    }
    int rc = rn_group_wait(two);
    rn_group_close(two);
    return rc;
}

static int start(rn_group *g, void *arg)
{
    (void)arg;
    rn_mutex m = { 0 };
    int values[200], sum = 0, *p;
    int rc = two_of(g, rn_make(g, rn_unit, 1), NULL);
    rc = rc ? rc : two_of(g, NULL, &m);
    rn_chan(int *) plain = rn_make(g, int *, 0), selected = rn_make(g, int *, 3);
    rn_go(g, hand_over, rn_tx(plain), values);
    while (rn_recv(plain, &p) == 0)
        sum += *p;
    rn_go(g, hand_over, rn_tx(selected), values);
    for (bool ok = true; ok;)
        if (rn_select(RN_RECV(selected, &p, &ok), RN_AFTER(RN_SECOND)) == 0 && ok)
            sum += *p;
    return rc ? rc : counter == 800 && sum == 2 * 199 * 100 ? 0 : 1;
}

int main(void)
{
    return rn_run(start, NULL);
}
