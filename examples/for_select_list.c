/* SPDX-License-Identifier: MIT */
/*
 * Chapter: The for-select loop; not in the notes: a list of cases that is made while the program
 * runs. Go has reflect.Select for it, runnel rn_select_n.
 *
 * Each player gets the card that is meant for him, and who reaches out first is served first. The
 * cases point to cards that live as long as the list. With RN_SEND each card would be a value in
 * the block of the loop that makes the cases, and gone when the next turn begins.
 *
 * Prints which player got which card, in any order.
 */
#include <stdio.h>

#include <runnel.h>

enum { PLAYERS = 3 };

static int play(rn_receiver(int) hand, int number)
{
    int card;
    int rc = rn_recv(hand, &card);
    if (rc == 0)
        printf("player %d got card %d\n", number, card);
    return rc;
}
RN_TASK(play, rn_receiver(int), int);

static int deal(rn_sender(int) *hands, int *cards, int n)
{
    rn_case cases[PLAYERS];
    for (int i = 0; i < n; i++)
        cases[i] = RN_SEND_PTR(hands[i], &cards[i]);
    for (int dealt = 0; dealt < n; dealt++) {
        int i = rn_select_n(cases, (size_t)n);
        if (i < 0)
            return i;
        cases[i].op = RN_OP_NONE; /* he has his card: a case that is never ready */
    }
    return 0;
}

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    rn_group *players = rn_group_new(NULL);
    rn_sender(int) hands[PLAYERS];
    int cards[PLAYERS];
    for (int i = 0; i < PLAYERS; i++) {
        rn_chan(int) hand = rn_make(g, int, 0);
        hands[i] = rn_tx(hand);
        cards[i] = i * 11;
        rn_go(players, play, rn_rx(hand), i);
    }
    int rc = deal(hands, cards, PLAYERS);
    if (rc == 0)
        rc = rn_group_wait(players);
    rn_group_close(players);
    return rc;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
