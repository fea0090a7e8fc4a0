/* SPDX-License-Identifier: MIT */
/*
 * The switch for x86-64, System V. See switch.h for the contract. Stores have release order and
 * loads acquire order on this CPU. A saved stack holds, from sp up: r15 r14 r13 r12 rbx rbp rip.
 *
 * The unwind tables are exact at every instruction, since a profiler may stop at each: between the
 * two stacks they hold because both look the same.
 */
        .text
        .macro  save register
        pushq   %\register
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset \register, 0
        .endm
        .macro  restore register
        popq    %\register
        .cfi_adjust_cfa_offset -8
        .cfi_restore \register
        .endm
        .macro  restore_and_jump
        restore r15
        restore r14
        restore r13
        restore r12
        restore rbx
        restore rbp
        popq    %rcx
        .cfi_adjust_cfa_offset -8
        .cfi_register rip, rcx
        notrack jmpq *%rcx
        .endm
        /* What a saved stack looks like, seen from its sp. */
        .macro  saved_stack
        .cfi_def_cfa rsp, 56
        .cfi_offset rip, -8
        .cfi_offset rbp, -16
        .cfi_offset rbx, -24
        .cfi_offset r12, -32
        .cfi_offset r13, -40
        .cfi_offset r14, -48
        .cfi_offset r15, -56
        .endm

        .p2align 5
        .globl  rni_arch_switch
        .hidden rni_arch_switch
        .type   rni_arch_switch, @function
rni_arch_switch:
        .cfi_startproc
        save    rbp
        save    rbx
        save    r12
        save    r13
        save    r14
        save    r15
        movq    %rsp, %rax
        movq    (%rsi), %rsp
        movq    $0, (%rsi)
        movq    %rax, (%rdi)            /* from here on another worker may resume *from */
        movl    8(%rsi), %eax
        restore_and_jump
        .cfi_endproc
        .size   rni_arch_switch, . - rni_arch_switch

        .p2align 5
        .globl  rni_arch_leave
        .hidden rni_arch_leave
        .type   rni_arch_leave, @function
rni_arch_leave:
        .cfi_startproc
        movq    (%rdi), %rsp
        saved_stack
        movq    $0, (%rdi)
        movl    8(%rdi), %eax
        restore_and_jump
        .cfi_endproc
        .size   rni_arch_leave, . - rni_arch_leave

/* Never runs: the pc of a saved context, for whoever unwinds it from here with its sp. */
        .p2align 4
        .globl  rni_arch_parked
        .hidden rni_arch_parked
        .type   rni_arch_parked, @function
rni_arch_parked:
        .cfi_startproc
        saved_stack
        ud2
        nop
        nop
        nop                             /* at 4 an instruction begins, as on every CPU */
        .cfi_endproc
        .size   rni_arch_parked, . - rni_arch_parked

/* A new context begins at .Lstart: ends the chain of frames for debuggers. They look for the
 * function at the address before, as for every return address, so that must be in it. */
        .p2align 4
        .type   rni_arch_entry, @function
rni_arch_entry:
        .cfi_startproc
        .cfi_undefined rip
        nop
.Lstart:
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
        leaq    .Lstart(%rip), %rax
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
