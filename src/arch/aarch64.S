/* SPDX-License-Identifier: MIT */
/*
 * The switch for AArch64, AAPCS64. See switch.h for the contract. A saved stack holds, from sp up:
 * x19-x30 and d8-d15, 160 bytes. The store of sp is a store-release, so that every register saved
 * before it is visible to the worker that loads it with acquire order. x18 is never touched.
 *
 * Registers that have been stored or loaded still have their values, or have them again, so the
 * unwind tables need only be told where the stack is saved and where it is not any more.
 */
        .text
        /* What a saved stack looks like, seen from its sp. */
        .macro  saved_stack
        .cfi_def_cfa sp, 160
        .cfi_offset x19, -160
        .cfi_offset x20, -152
        .cfi_offset x21, -144
        .cfi_offset x22, -136
        .cfi_offset x23, -128
        .cfi_offset x24, -120
        .cfi_offset x25, -112
        .cfi_offset x26, -104
        .cfi_offset x27, -96
        .cfi_offset x28, -88
        .cfi_offset x29, -80
        .cfi_offset x30, -72
        .cfi_offset d8, -64
        .cfi_offset d9, -56
        .cfi_offset d10, -48
        .cfi_offset d11, -40
        .cfi_offset d12, -32
        .cfi_offset d13, -24
        .cfi_offset d14, -16
        .cfi_offset d15, -8
        .endm
        .macro  restore_and_jump
        ldp     x19, x20, [sp, #0]
        ldp     x21, x22, [sp, #16]
        ldp     x23, x24, [sp, #32]
        ldp     x25, x26, [sp, #48]
        ldp     x27, x28, [sp, #64]
        ldp     x29, x30, [sp, #80]
        ldp     d8, d9, [sp, #96]
        ldp     d10, d11, [sp, #112]
        ldp     d12, d13, [sp, #128]
        ldp     d14, d15, [sp, #144]
        add     sp, sp, #160
        .cfi_def_cfa_offset 0
        .cfi_restore x19
        .cfi_restore x20
        .cfi_restore x21
        .cfi_restore x22
        .cfi_restore x23
        .cfi_restore x24
        .cfi_restore x25
        .cfi_restore x26
        .cfi_restore x27
        .cfi_restore x28
        .cfi_restore x29
        .cfi_restore x30
        .cfi_restore d8
        .cfi_restore d9
        .cfi_restore d10
        .cfi_restore d11
        .cfi_restore d12
        .cfi_restore d13
        .cfi_restore d14
        .cfi_restore d15
        br      x30
        .endm

        .p2align 5
        .globl  rni_arch_switch
        .hidden rni_arch_switch
        .type   rni_arch_switch, %function
rni_arch_switch:
        .cfi_startproc
        hint    #34                     /* bti c */
        sub     sp, sp, #160
        .cfi_def_cfa_offset 160
        stp     x19, x20, [sp, #0]
        stp     x21, x22, [sp, #16]
        stp     x23, x24, [sp, #32]
        stp     x25, x26, [sp, #48]
        stp     x27, x28, [sp, #64]
        stp     x29, x30, [sp, #80]
        stp     d8, d9, [sp, #96]
        stp     d10, d11, [sp, #112]
        stp     d12, d13, [sp, #128]
        stp     d14, d15, [sp, #144]
        saved_stack
        mov     x9, sp
        ldr     x10, [x1]
        mov     sp, x10
        str     xzr, [x1]
        stlr    x9, [x0]                /* from here on another worker may resume *from */
        ldr     w0, [x1, #8]
        restore_and_jump
        .cfi_endproc
        .size   rni_arch_switch, . - rni_arch_switch

        .p2align 5
        .globl  rni_arch_leave
        .hidden rni_arch_leave
        .type   rni_arch_leave, %function
rni_arch_leave:
        .cfi_startproc
        hint    #34
        ldr     x10, [x0]
        mov     sp, x10
        saved_stack
        str     xzr, [x0]
        ldr     w0, [x0, #8]
        restore_and_jump
        .cfi_endproc
        .size   rni_arch_leave, . - rni_arch_leave

/* Never runs: the pc of a saved context, for whoever unwinds it from here with its sp. */
        .p2align 4
        .globl  rni_arch_parked
        .hidden rni_arch_parked
        .type   rni_arch_parked, %function
rni_arch_parked:
        .cfi_startproc
        saved_stack
        brk     #1
        nop
        .cfi_endproc
        .size   rni_arch_parked, . - rni_arch_parked

/* A new context begins at .Lstart: ends the chain of frames for debuggers. They look for the
 * function at the address before, as for every return address, so that must be in it. */
        .p2align 4
        .type   rni_arch_entry, %function
rni_arch_entry:
        .cfi_startproc
        .cfi_undefined x30
        nop
.Lstart:
        hint    #36                     /* bti j */
        mov     x29, xzr
        blr     x19
        brk     #1
        .cfi_endproc
        .size   rni_arch_entry, . - rni_arch_entry

        .p2align 4
        .globl  rni_arch_prepare
        .hidden rni_arch_prepare
        .type   rni_arch_prepare, %function
rni_arch_prepare:                       /* x0 context, x1 limit, x2 top, x3 fn */
        .cfi_startproc
        hint    #34
        sub     x9, x2, #160
        str     x3, [x9, #0]            /* x19 */
        adr     x10, .Lstart
        stp     xzr, x10, [x9, #80]     /* x29, x30 */
        str     wzr, [x0, #8]
        str     x9, [x0]
        ret
        .cfi_endproc
        .size   rni_arch_prepare, . - rni_arch_prepare

        .section .note.GNU-stack,"",%progbits
