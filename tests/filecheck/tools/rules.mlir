// RUN: ts-opt --list-rules --why | filecheck %s --check-prefix=LIST
// LIST:      identities: {{[0-9]+}} rules (by default)
// LIST:        relu-of-relu {{ *}}aten.relu(aten.relu(x)) -> aten.relu(x)
// LIST-NEXT:       because relu's results are not negative, and NaN stays NaN
// LIST-NEXT:       {{.*}}tensors.py:{{[0-9]+}}
// LIST:        times-own-sigmoid {{ *}}commute(aten.mul.Tensor(x, aten.sigmoid(x))) -> aten.silu(x)
// LIST-NEXT:       where x is of a floating dtype
// LIST:      algebra: {{[0-9]+}} rules (when asked for)
// LIST:      inference: {{[0-9]+}} rules for the types of results

// RUN: ts-opt --list-rules=inference | filecheck %s --check-prefix=INFER
// INFER: ts.aten.softmax.int: softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor
// INFER: ts.py.floordiv: floordiv(a, b)

// RUN: ts-opt --list-rules --rules %S/Inputs/my_rules.py | filecheck %s --check-prefix=OWN
// OWN:      {{.*}}my_rules.py: 2 rules
// OWN-NEXT:   relu-twice {{ *}}aten.relu(aten.relu(x)) -> aten.relu(x)
// OWN-NEXT:   plus-zero {{ *}}aten.add.Scalar(x, 0) -> x

// RUN: not ts-opt --verify-rules %S/Inputs/my_rules.py 2>&1 | filecheck %s --check-prefix=VERIFY
// VERIFY: relu-twice: verified ({{[0-9]+}} programs, {{[0-9]+}} inputs)
// VERIFY: plus-zero ({{.*}}my_rules.py:6): WRONG
// VERIFY:   the values differ
// VERIFY:     x = {{.*}}-0{{.*}} : tensor<
// VERIFY: error: 1 of 2 rules aren't verified: plus-zero

// RUN: ts-opt --emit-pdl %S/Inputs/my_rules.py | filecheck %s --check-prefix=PDL
// PDL:      pdl.pattern @relu_twice : benefit(1) {
// PDL:        %[[T:.*]] = pdl.operation "ts.aten.relu"
// PDL:        pdl.rewrite
// PDL:      pdl.apply_native_constraint "plus-zero.0"(%x : !pdl.value)

// RUN: ts-opt %s --rules %S/Inputs/my_rules.py --rewrite-stats --log-rewrites 2>&1 | filecheck %s --check-prefix=STATS
// STATS:     rule relu-twice rewrites ts.aten.relu
// STATS:     rule {{ *}}tried{{ *}}matched{{ *}}applied{{ *}}time
// STATS:     relu-twice {{ *}}1{{ *}}1{{ *}}1{{ }}

// RUN: ts-opt %s --rules %S/Inputs/my_rules.py --dump-pass-pipeline 2>&1 | filecheck %s --check-prefix=PIPE
// PIPE: ts-canonicalize{tables=none files={{.*}}my_rules.py}

// RUN: ts-opt %s -p ts-canonicalize --disable-rule relu-of-relu | filecheck %s --check-prefix=OFF
// OFF-COUNT-2: ts.aten.relu
// RUN: ts-opt %s --only-rule relu-of-relu | filecheck %s --check-prefix=ONLY
// ONLY:     ts.aten.relu
// ONLY-NOT: ts.aten.relu
// RUN: ts-opt %s --saturate | filecheck %s --check-prefix=ONLY

// RUN: not ts-opt %s --only-rule relu-of-rel 2>&1 | filecheck %s --check-prefix=NAME
// NAME: error: there is no rule 'relu-of-rel'
// NAME: hint: did you mean {{.*}}relu-of-relu
// RUN: not ts-opt %s -p ts-dce --disable-rule relu-of-relu 2>&1 | filecheck %s --check-prefix=NONE
// NONE: error: --disable-rule has nothing to leave out
// RUN: not ts-opt %s --cost work 2>&1 | filecheck %s --check-prefix=COST
// COST: error: --cost is an option of --saturate
// RUN: not ts-opt %s --rules %S/Inputs/nothing.py 2>&1 | filecheck %s --check-prefix=FILE
// FILE: error: {{.*}}nothing.py is no Python file that can be read
// RUN: echo "x = 1 / 0" > %t.py
// RUN: not ts-opt %s --rules %t.py 2>&1 | filecheck %s --check-prefix=RAISES
// RAISES: {{.*}}:1:1: error: {{.*}} can't be run: ZeroDivisionError: division by zero
// RAISES: | x = 1 / 0

func.func public @f(%x : tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = ts.aten.relu(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = ts.aten.relu(%0) : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}
