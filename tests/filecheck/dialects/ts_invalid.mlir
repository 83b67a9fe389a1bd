// RUN: not ts-opt %s --split-input-file 2>&1 >/dev/null | filecheck %s
// What each verifier of the ts dialect says, in the order of the programs.

// CHECK: ts.constant: expected the type of #ts.none to be none, found i64
%0 = ts.constant #ts.none : i64
// -----
// CHECK: is no constant of this operation
%0 = ts.constant unit : none
// -----
// CHECK: 'float99' is no dtype
%0 = ts.constant #ts.dtype<"float99"> : !ts.dtype
// -----
// CHECK: ts.list: expected element 1 to be of type i64, found f64
%0 = "test.op"() : () -> i64
%1 = "test.op"() : () -> f64
%2 = ts.list %0, %1 : (i64, f64) -> !ts.list<i64>
// -----
// CHECK: ts.list: expected a result of type !ts.list, found i64
%0 = ts.list : () -> i64
// -----
// CHECK: ts.tuple: !ts.tuple<i64, i64> has 2 elements, found 1 operands
%0 = "test.op"() : () -> i64
%1 = ts.tuple %0 : (i64) -> !ts.tuple<i64, i64>
// -----
// CHECK: ts.tuple: expected operand 0 to be of type !ts.str, found i64
%0 = "test.op"() : () -> i64
%1 = ts.tuple %0 : (i64) -> !ts.tuple<!ts.str>
// -----
// CHECK: ts.tuple_get: index 2 is out of range for !ts.tuple<i64>
%0 = "test.op"() : () -> !ts.tuple<i64>
%1 = ts.tuple_get %0[2] : !ts.tuple<i64> -> i64
// -----
// CHECK: ts.tuple_get: expected a result of type i64, found f64
%0 = "test.op"() : () -> !ts.tuple<i64>
%1 = ts.tuple_get %0[0] : !ts.tuple<i64> -> f64
// -----
// CHECK: ts.tuple_get: expected a tuple, found i64
%0 = "test.op"() : () -> i64
%1 = ts.tuple_get %0[0] : i64 -> i64
// -----
// CHECK: ts.unpack: expected a list, a tuple, a str, a tensor or any value, found i64
%0 = "test.op"() : () -> i64
%1 = ts.unpack %0 : (i64) -> i64
// -----
// CHECK: ts.unpack: expected result 1 to be of type i64, found f64
%0 = "test.op"() : () -> !ts.list<i64>
%1, %2 = ts.unpack %0 : (!ts.list<i64>) -> (i64, f64)
// -----
// CHECK: ts.unpack: !ts.tuple<i64> has 1 elements, found 2 results
%0 = "test.op"() : () -> !ts.tuple<i64>
%1, %2 = ts.unpack %0 : (!ts.tuple<i64>) -> (i64, i64)
// -----
// CHECK: ts.unpack: expected result 0 to be a !ts.tensor, found i64
%0 = "test.op"() : () -> !ts.tensor
%1 = ts.unpack %0 : (!ts.tensor) -> i64
// -----
// CHECK: ts.dict: expected a value for each key, found 1 operands
%0 = "test.op"() : () -> i64
%1 = ts.dict %0 : (i64) -> !ts.dict<i64, i64>
// -----
// CHECK: ts.dict: expected value 0 to be of type !ts.str, found i64
%0 = "test.op"() : () -> i64
%1 = ts.dict %0, %0 : (i64, i64) -> !ts.dict<i64, !ts.str>
// -----
// CHECK: ts.dict: expected a result of type !ts.dict, found i64
%0 = ts.dict : () -> i64
// -----
// CHECK: ts.cast: i64 and !ts.str have no value in common
%0 = "test.op"() : () -> i64
%1 = ts.cast %0 : i64 -> !ts.str
// -----
// CHECK: ts.isinstance: expected types, found 3 : i64
%0 = "test.op"() : () -> i64
%1 = ts.isinstance %0, [3 : i64] : i64
// -----
// CHECK: ts.raise: expected the name of an exception, found an empty one
ts.raise ""()
// -----
// CHECK: ts.to_value: !ts.tensor<2xf32> can't hold tensor<3xf32>
%0 = "test.op"() : () -> !ts.tensor<2xf32>
%1 = ts.to_value %0 : !ts.tensor<2xf32> -> tensor<3xf32>
// -----
// CHECK: ts.to_reference: !ts.tensor<2xf32> can't hold tensor<2xi64>
%0 = "test.op"() : () -> tensor<2xi64>
%1 = ts.to_reference %0 : tensor<2xi64> -> !ts.tensor<2xf32>
// -----
// CHECK: ts.class: expected kind to be one of module, class, interface, enum, exception, found 'thing'
ts.class "thing" @C {
}
// -----
// CHECK: ts.class: class @C declares 'a' twice
ts.class "class" @C {
  ts.attribute "attribute" "a" : i64
  ts.attribute "attribute" "a" : i64
}
// -----
// CHECK: ts.class: expected ts.attribute or ts.method in a class, found arith.constant
ts.class "class" @C {
  %0 = arith.constant 1 : i64
}
// -----
// CHECK: ts.attribute: expected role to be one of parameter, buffer, attribute, constant, submodule, found 'weight'
ts.class "class" @C {
  ts.attribute "weight" "a" : i64
}
// -----
// CHECK: ts.attribute: expected a value of type i64 for 'a', found
ts.class "class" @C {
  ts.attribute "constant" "a" : i64 {value = "x"}
}
// -----
// CHECK: ts.method: function @C.f isn't in this module
ts.class "class" @C {
  ts.method "f" = @C.f
}
// -----
// CHECK: ts.method: expected @C.f to take !ts.class<@C> first, found (i64)
ts.class "class" @C {
  ts.method "f" = @C.f
}
func.func @C.f(%x: i64) { func.return }
// -----
// CHECK: ts.class: base class @B isn't declared in this module
ts.class "class" @C attributes {bases = [@B]} {
}
// -----
// CHECK: ts.getattr: class @C has no attribute "b"; it has a
ts.class "class" @C {
  ts.attribute "attribute" "a" : i64
}
%0 = "test.op"() : () -> !ts.class<@C>
%1 = ts.getattr %0["b"] : !ts.class<@C> -> i64
// -----
// CHECK: ts.getattr: expected a result of type i64, as "a" is declared, found !ts.str
ts.class "class" @C {
  ts.attribute "attribute" "a" : i64
}
%0 = "test.op"() : () -> !ts.class<@C>
%1 = ts.getattr %0["a"] : !ts.class<@C> -> !ts.str
// -----
// CHECK: ts.setattr: expected a value of type i64, as "a" is declared, found f64
ts.class "class" @C {
  ts.attribute "attribute" "a" : i64
}
%0 = "test.op"() : () -> !ts.class<@C>
%1 = "test.op"() : () -> f64
ts.setattr %0["a"] = %1 : !ts.class<@C>, f64
// -----
// CHECK: ts.new: class @C isn't declared in this module
%0 = ts.new : !ts.class<@C>
// -----
// CHECK: ts.call_method: class @C has no method 'f'; it has none
ts.class "class" @C {
}
%0 = "test.op"() : () -> !ts.class<@C>
ts.call_method %0["f"]() : !ts.class<@C>, () -> ()
// -----
// CHECK: ts.call_method: expected an object of a class, found i64
%0 = "test.op"() : () -> i64
ts.call_method %0["f"]() : i64, () -> ()
// -----
// CHECK: ts.call_method: 'f' takes 0 arguments, found 1
ts.class "class" @C {
  ts.method "f" = @C.f
}
func.func @C.f(%self: !ts.class<@C>) { func.return }
%0 = "test.op"() : () -> !ts.class<@C>
ts.call_method %0["f"](%0) : !ts.class<@C>, (!ts.class<@C>) -> ()
// -----
// CHECK: ts.call_method: 'f' gives (), found (i64)
ts.class "class" @C {
  ts.method "f" = @C.f
}
func.func @C.f(%self: !ts.class<@C>) { func.return }
%0 = "test.op"() : () -> !ts.class<@C>
%1 = ts.call_method %0["f"]() : !ts.class<@C>, () -> i64
// -----
// CHECK: ts.aten.relu: expected 1 operands, found 0; it is aten::relu(Tensor self) -> Tensor
%0 = ts.aten.relu() : () -> !ts.tensor
// -----
// CHECK: ts.aten.relu: expected operand 0 (self) to be of type !ts.tensor, found i64
%0 = "test.op"() : () -> i64
%1 = ts.aten.relu(%0) : (i64) -> !ts.tensor
// -----
// CHECK: ts.aten.relu: expected result 0 to be of type !ts.tensor, found i64
%0 = "test.op"() : () -> !ts.tensor
%1 = ts.aten.relu(%0) : (!ts.tensor) -> i64
// -----
// CHECK: ts.aten.sum.dim_IntList: expected operand 1 (dim) to be of type !ts.list<i64> or none, found i64
%0 = "test.op"() : () -> !ts.tensor
%1 = "test.op"() : () -> i64
%2 = "test.op"() : () -> i1
%3 = "test.op"() : () -> none
%4 = ts.aten.sum.dim_IntList(%0, %1, %2, %3) : (!ts.tensor, i64, i1, none) -> !ts.tensor
// -----
// CHECK: operation ts.aten.relux is not registered
%0 = ts.aten.relux() : () -> !ts.tensor
// -----
// CHECK: operation ts.py.nothing is not registered
%0 = ts.py.nothing() : () -> i64
// -----
// CHECK: expected the element type of a tensor or none, found
%0 = "test.op"() : () -> !ts.tensor<2x!ts.str>
// -----
// CHECK: expected a type as the element of a list, found
%0 = "test.op"() : () -> !ts.list<3 : i64>
// -----
// CHECK: type expected
%0 = "test.op"() : () -> !ts.dict<i64, 3 : i64>
// -----
// CHECK: an optional none is none itself
%0 = "test.op"() : () -> !ts.optional<none>
// -----
// CHECK: a union has at least two members, all of them different
%0 = "test.op"() : () -> !ts.union<i64, i64>
// -----
// CHECK: an optional, a union or any can't be a member of a union
%0 = "test.op"() : () -> !ts.union<i64, !ts.any>
// -----
// CHECK: named tuple 'P' needs different field names, one for each type
%0 = "test.op"() : () -> !ts.named_tuple<"P", "x" : i64, "x" : i64>
