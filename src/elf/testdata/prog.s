.globl _start
_start: .byte 0,0,0,0
.data
.align 8
.ifdef WORD4
.long one
.else
.quad one
.endif
