/* SPDX-License-Identifier: MIT */
/*
 * The switch for x86-64, System V. See switch.h for the contract. Stores have release order and
 * loads acquire order on this CPU. A saved stack holds, from sp up: r15 r14 r13 r12 rbx rbp rip.
 */
        .text
        .p2align 5
        .globl  rni_arch_switch
        .hidden rni_arch_switch
        .type   rni_arch_switch, @function
rni_arch_switch:
        .cfi_startproc
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        movq    %rsp, %rax
        movq    (%rsi), %rsp
        movq    $0, (%rsi)
        movq    %rax, (%rdi)            /* from here on another worker may resume *from */
        movl    8(%rsi), %eax
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        popq    %rcx
        notrack jmpq *%rcx
        .cfi_endproc
        .size   rni_arch_switch, . - rni_arch_switch

        .p2align 5
        .globl  rni_arch_leave
        .hidden rni_arch_leave
        .type   rni_arch_leave, @function
rni_arch_leave:
        .cfi_startproc
        movq    (%rdi), %rsp
        movq    $0, (%rdi)
        movl    8(%rdi), %eax
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        popq    %rcx
        notrack jmpq *%rcx
        .cfi_endproc
        .size   rni_arch_leave, . - rni_arch_leave

/* The first instruction of a new context: ends the chain of frames for debuggers. */
        .p2align 4
        .type   rni_arch_entry, @function
rni_arch_entry:
        .cfi_startproc
        .cfi_undefined rip
        xorl    %ebp, %ebp
        callq   *%rbx
        ud2
        .cfi_endproc
        .size   rni_arch_entry, . - rni_arch_entry

        .p2align 4
        .globl  rni_arch_prepare
        .hidden rni_arch_prepare
        .type   rni_arch_prepare, @function
rni_arch_prepare:                       /* rdi context, rsi limit, rdx top, rcx fn */
        .cfi_startproc
        leaq    rni_arch_entry(%rip), %rax
        movq    $0, -8(%rdx)
        movq    $0, -16(%rdx)
        movq    %rax, -24(%rdx)         /* rip; after the pops sp = top - 16: aligned for a call */
        movq    $0, -32(%rdx)           /* rbp */
        movq    %rcx, -40(%rdx)         /* rbx */
        movq    $0, -48(%rdx)
        movq    $0, -56(%rdx)
        movq    $0, -64(%rdx)
        movq    $0, -72(%rdx)
        leaq    -72(%rdx), %rax
        movl    $0, 8(%rdi)
        movq    %rax, (%rdi)
        ret
        .cfi_endproc
        .size   rni_arch_prepare, . - rni_arch_prepare

        .section .note.GNU-stack,"",@progbits
