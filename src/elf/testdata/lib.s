.globl one
.type one, %function
one: .byte 0,0,0,0
.size one, 4
