"""Rules as a user writes them: one that holds, and one that doesn't for -0.0."""

from tsir.passes.rules import aten, is_floating, rule

relu_twice = rule("relu-twice", lambda x: (aten.relu(aten.relu(x)), aten.relu(x)), why="nothing is left below zero")
plus_zero = rule("plus-zero", lambda x: (aten.add.Scalar(x, 0), x), where=is_floating("x"))
