"""Arithmetic on whole vectors, written as formulas, emitted as LLVM instructions.

    with Emit(builder, FLOAT32) as e: h = where(z > 0.0, z, 0.01 * z)

A `Vector` is 64 bytes of numbers: 16 float32 or 8 float64, on every processor; LLVM splits it
into the registers that the processor has. Each operation is one IEEE operation per element, and
`fma` rounds once, so a formula gives the same bits wherever it runs. This file knows nothing of
what is computed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

__all__ = ["FLOAT32", "FLOAT64", "KINDS", "Emitter", "Kind", "Vector", "kind_of"]

VECTOR_BYTES = 64

INDEX = ir.IntType(64)


@dataclass(frozen=True)
class Kind:
    """A floating type: what Numba, LLVM and NumPy call it.

    Attributes:
        name: LLVM's suffix, "f32" or "f64".
        number: LLVM's scalar type.
        integer: LLVM's integer type of the same width.
        numba: Numba's scalar type.
        dtype: NumPy's type.
        lanes: numbers per vector.
        mantissa_bits: explicit bits of the fraction.
        exponent_bias: of the exponent field.
    """

    name: str
    number: Any
    integer: Any
    numba: Any
    dtype: Any
    lanes: int
    mantissa_bits: int
    exponent_bias: int

    @property
    def vector(self) -> Any:
        """LLVM's type of a `Vector`."""
        return ir.VectorType(self.number, self.lanes)

    @property
    def integer_vector(self) -> Any:
        """LLVM's type of a vector's bits."""
        return ir.VectorType(self.integer, self.lanes)

    @property
    def size(self) -> int:
        """Bytes per number."""
        return VECTOR_BYTES // self.lanes


FLOAT32 = Kind("f32", ir.FloatType(), ir.IntType(32), types.float32, np.float32, 16, 23, 127)
FLOAT64 = Kind("f64", ir.DoubleType(), ir.IntType(64), types.float64, np.float64, 8, 52, 1023)
KINDS = (FLOAT32, FLOAT64)


def kind_of(pointer: Any) -> Kind:
    """The kind of what a Numba pointer type points to."""
    return FLOAT32 if pointer.dtype == types.float32 else FLOAT64


class Emitter:
    """Where instructions go: an LLVM builder and the kind of its vectors."""

    def __init__(self, builder: Any, kind: Kind) -> None:
        self.builder = builder
        self.kind = kind

    def constant(self, value: float) -> Vector:
        """A vector of one number, rounded to the kind."""
        number = ir.Constant(self.kind.number, float(self.kind.dtype(value)))
        return Vector(self, ir.Constant(self.kind.vector, [number] * self.kind.lanes))

    def integers(self, value: int) -> Any:
        """An LLVM vector of one integer."""
        lanes = [ir.Constant(self.kind.integer, value)] * self.kind.lanes
        return ir.Constant(self.kind.integer_vector, lanes)

    def broadcast(self, number: Any) -> Vector:
        """A vector of one LLVM scalar."""
        undefined = ir.Constant(self.kind.vector, ir.Undefined)
        first = self.builder.insert_element(undefined, number, ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.kind.lanes), None)
        return Vector(self, self.builder.shuffle_vector(first, undefined, zeros))

    def address(self, pointer: Any, offset: Any) -> Any:
        """Pointer + offset numbers."""
        return self.builder.gep(pointer, [offset], source_etype=self.kind.number)

    def load(self, pointer: Any, offset: Any = None) -> Vector:
        """The vector at a pointer; any alignment."""
        return Vector(self, self._at(pointer, offset, self._load))

    def _load(self, pointer: Any) -> Any:
        return self.builder.load(pointer, align=self.kind.size, typ=self.kind.vector)

    def _at(self, pointer: Any, offset: Any, do: Callable[[Any], Any]) -> Any:
        at = pointer if offset is None else self.address(pointer, offset)
        return do(self.builder.bitcast(at, ir.PointerType(self.kind.vector)))

    def store(self, vector: Vector, pointer: Any, offset: Any = None) -> None:
        """Put a vector at a pointer; any alignment."""
        self._at(
            pointer,
            offset,
            lambda p: self.builder.store(vector.value, p, align=self.kind.size),
        )

    def load_where(self, lanes: Any, pointer: Any, offset: Any) -> Vector:
        """The vector at pointer + offset in the lanes that hold, zero in the others: unread."""
        kind, at = self.kind, self.address(pointer, offset)
        function = self._masked(
            "load", kind.vector, [at.type, ir.IntType(32), lanes.type, kind.vector]
        )
        align, zero = ir.Constant(ir.IntType(32), kind.size), ir.Constant(kind.vector, None)
        return Vector(self, self.builder.call(function, [at, align, lanes, zero]))

    def store_where(self, lanes: Any, vector: Vector, pointer: Any, offset: Any) -> None:
        """Put the lanes that hold at pointer + offset; what lies at the others stays."""
        kind, at = self.kind, self.address(pointer, offset)
        arguments = [kind.vector, at.type, ir.IntType(32), lanes.type]
        function = self._masked("store", ir.VoidType(), arguments)
        align = ir.Constant(ir.IntType(32), kind.size)
        self.builder.call(function, [vector.value, at, align, lanes])

    def _masked(self, what: str, result: Any, arguments: list[Any]) -> Any:
        name = f"llvm.masked.{what}.v{self.kind.lanes}{self.kind.name}.p0"
        function = self.builder.module.globals.get(name)
        if function is None:
            signature = ir.FunctionType(result, arguments)
            function = ir.Function(self.builder.module, signature, name)
        return function

    def load_number(self, pointer: Any, offset: Any) -> Vector:
        """The single number at pointer + offset, in every lane."""
        return self.broadcast(self.number(pointer, offset))

    def number(self, pointer: Any, offset: Any) -> Any:
        """The single number at pointer + offset, an LLVM scalar."""
        at = self.address(pointer, offset)
        return self.builder.load(at, align=self.kind.size, typ=self.kind.number)

    def variable(self, first: Vector) -> Variable:
        """A vector that changes, in a loop for instance."""
        return Variable(self, first)

    def lanes_below(self, count: Any) -> Any:
        """A condition that holds for the first `count` lanes, an LLVM int64; all or none beyond."""
        builder, kind = self.builder, self.kind
        lanes = [ir.Constant(INDEX, lane) for lane in range(kind.lanes)]
        numbers = ir.Constant(ir.VectorType(INDEX, kind.lanes), lanes)
        undefined = ir.Constant(numbers.type, ir.Undefined)
        first = builder.insert_element(undefined, count, ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), kind.lanes), None)
        limit = builder.shuffle_vector(first, undefined, zeros)
        return builder.icmp_signed("<", numbers, limit)

    def prefetch(self, pointer: Any, offset: Any) -> None:
        """Ask for the cache line at pointer + offset, into the second cache; at any address."""
        module, byte, number = self.builder.module, ir.IntType(8), ir.IntType(32)
        function = module.globals.get("llvm.prefetch.p0")
        if function is None:
            signature = ir.FunctionType(ir.VoidType(), [ir.PointerType(byte), *[number] * 3])
            function = ir.Function(module, signature, "llvm.prefetch.p0")
        at = self.builder.bitcast(self.address(pointer, offset), ir.PointerType(byte))
        # To read, not into the first cache, of data.
        hints = [ir.Constant(number, hint) for hint in (0, 2, 1)]
        self.builder.call(function, [at, *hints])

    def call(self, name: str, *vectors: Vector) -> Vector:
        """An LLVM intrinsic from vectors to a vector, such as fma."""
        kind, module = self.kind, self.builder.module
        function = module.globals.get(f"llvm.{name}.v{kind.lanes}{kind.name}")
        if function is None:
            signature = ir.FunctionType(kind.vector, [kind.vector] * len(vectors))
            function = ir.Function(module, signature, f"llvm.{name}.v{kind.lanes}{kind.name}")
        return Vector(self, self.builder.call(function, [vector.value for vector in vectors]))


class Variable:
    """A vector that changes; LLVM keeps it in a register."""

    def __init__(self, emitter: Emitter, first: Vector) -> None:
        self._emitter = emitter
        self._slot = cgutils.alloca_once(emitter.builder, emitter.kind.vector)
        self.set(first)

    def get(self) -> Vector:
        """Its value now."""
        builder, kind = self._emitter.builder, self._emitter.kind
        return Vector(self._emitter, builder.load(self._slot, typ=kind.vector))

    def set(self, value: Vector) -> None:
        """Give it a value."""
        self._emitter.builder.store(value.value, self._slot)


class Vector:
    """One vector of numbers; operators work element by element."""

    def __init__(self, emitter: Emitter, value: Any) -> None:
        self.emitter = emitter
        self.value = value

    def _other(self, other: Vector | float) -> Vector:
        return other if isinstance(other, Vector) else self.emitter.constant(other)

    def _binary(self, instruction: str, left: Vector | float, right: Vector | float) -> Vector:
        builder = self.emitter.builder
        values = self._other(left).value, self._other(right).value
        return Vector(self.emitter, getattr(builder, instruction)(*values))

    def __add__(self, other: Vector | float) -> Vector:
        return self._binary("fadd", self, other)

    def __radd__(self, other: float) -> Vector:
        return self._binary("fadd", other, self)

    def __sub__(self, other: Vector | float) -> Vector:
        return self._binary("fsub", self, other)

    def __rsub__(self, other: float) -> Vector:
        return self._binary("fsub", other, self)

    def __mul__(self, other: Vector | float) -> Vector:
        return self._binary("fmul", self, other)

    def __rmul__(self, other: float) -> Vector:
        return self._binary("fmul", other, self)

    def __truediv__(self, other: Vector | float) -> Vector:
        return self._binary("fdiv", self, other)

    def __rtruediv__(self, other: float) -> Vector:
        return self._binary("fdiv", other, self)

    def __neg__(self) -> Vector:
        return Vector(self.emitter, self.emitter.builder.fneg(self.value))

    def _compare(self, relation: str, other: Vector | float) -> Any:
        builder = self.emitter.builder
        return builder.fcmp_ordered(relation, self.value, self._other(other).value)

    def __gt__(self, other: Vector | float) -> Any:
        return self._compare(">", other)

    def __ge__(self, other: Vector | float) -> Any:
        return self._compare(">=", other)

    def __lt__(self, other: Vector | float) -> Any:
        return self._compare("<", other)

    def __le__(self, other: Vector | float) -> Any:
        return self._compare("<=", other)

    def where(self, condition: Any, other: Vector | float) -> Vector:
        """Self where the condition holds, else the other."""
        builder = self.emitter.builder
        return Vector(self.emitter, builder.select(condition, self.value, self._other(other).value))

    def fma(self, factor: Vector | float, summand: Vector | float) -> Vector:
        """Self * factor + summand, rounded once."""
        return self.emitter.call("fma", self, self._other(factor), self._other(summand))

    def absolute(self) -> Vector:
        """|self|."""
        return self.emitter.call("fabs", self)

    def sqrt(self) -> Vector:
        """Square root, correctly rounded."""
        return self.emitter.call("sqrt", self)

    def at_least(self, floor: Vector | float) -> Vector:
        """The larger of both; NaN stays NaN."""
        floor = self._other(floor)
        return floor.where(self < floor, self)

    def at_most(self, ceiling: Vector | float) -> Vector:
        """The smaller of both; NaN stays NaN."""
        ceiling = self._other(ceiling)
        return ceiling.where(self > ceiling, self)

    def bits(self) -> Any:
        """The same bits as an LLVM vector of integers."""
        return self.emitter.builder.bitcast(self.value, self.emitter.kind.integer_vector)

    def from_bits(self, bits: Any) -> Vector:
        """A vector with the given bits (self only says which kind)."""
        value = self.emitter.builder.bitcast(bits, self.emitter.kind.vector)
        return Vector(self.emitter, value)

    def first(self) -> Any:
        """The first element as an LLVM scalar."""
        index = ir.Constant(ir.IntType(32), 0)
        return self.emitter.builder.extract_element(self.value, index)

    def sum(self) -> Any:
        """The sum of the elements as an LLVM scalar: halves are added until one number is left."""
        return self._reduce(lambda a, b: a + b)

    def maximum(self) -> Any:
        """The largest element as an LLVM scalar; NaN where one is NaN and meets a smaller."""
        return self._reduce(lambda a, b: a.where(a > b, b))

    def _reduce(self, combine: Callable[[Vector, Vector], Vector]) -> Any:
        builder, lanes = self.emitter.builder, self.emitter.kind.lanes
        index = ir.IntType(32)
        total, half = self, lanes // 2
        while half:
            order = [ir.Constant(index, (lane + half) % lanes) for lane in range(lanes)]
            mask = ir.Constant(ir.VectorType(index, lanes), order)
            shifted = builder.shuffle_vector(total.value, total.value, mask)
            total, half = combine(total, Vector(self.emitter, shifted)), half // 2
        return builder.extract_element(total.value, ir.Constant(index, 0))
