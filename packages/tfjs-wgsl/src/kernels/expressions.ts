/** What elementwise operators compute, as WGSL that holds for one lane and for four. */
import { type ElementType, StepError, type Value } from '@simgan/tfjs-trace/graph';
import type { Shader } from './shader.ts';
import { computeType, type Lanes, literal, splatted } from './types.ts';

interface Context {
  readonly value: Value;
  readonly lanes: Lanes;
  /** A number in every lane. */
  number(value: number): string;
  /** The name of a function that {@link FUNCTIONS} has for this many lanes. */
  call(name: keyof typeof FUNCTIONS): string;
}

type Expression = (inputs: readonly string[], context: Context) => string;

/** The expression of an operator. */
export function expressionOf(shader: Shader, value: Value, inputs: readonly string[], lanes: Lanes): string {
  const expression = EXPRESSIONS[value.op];
  if (!expression) {
    throw new StepError(
      `The operator ${value.op} has no kernel on the GPU. Write the step without it, or run it with @simgan/tfjs-onnx.`,
    );
  }
  const dtype = value.inputs[0]!.dtype === 'bool' ? value.dtype : value.inputs[0]!.dtype;
  return expression(inputs, {
    value,
    lanes,
    number: (number) => splatted(literal(number, dtype), dtype, lanes),
    call(name) {
      shader.helper(
        FUNCTIONS[name](computeType('float32', lanes), (number) =>
          splatted(literal(number, 'float32'), 'float32', lanes),
        ),
      );
      return name;
    },
  });
}

const builtin =
  (name: string): Expression =>
  (inputs) =>
    `${name}(${inputs.join(', ')})`;
const infix =
  (operator: string): Expression =>
  ([a, b]) =>
    `(${a} ${operator} ${b})`;
const own =
  (name: keyof typeof FUNCTIONS): Expression =>
  (inputs, { call }) =>
    `${call(name)}(${inputs.join(', ')})`;
const floatOf = (value: Value, name: string) => (value.attributes[name] as { float: number }).float;

const EXPRESSIONS: Readonly<Record<string, Expression>> = {
  Abs: builtin('abs'),
  Acos: own('arc_cosine'),
  Acosh: builtin('acosh'),
  Add: infix('+'),
  And: infix('&'),
  Asin: own('arc_sine'),
  Asinh: builtin('asinh'),
  Atan: own('arc_tangent'),
  Atanh: builtin('atanh'),
  Cast: ([x], { value, lanes }) => cast(x!, value.inputs[0]!.dtype, value.dtype, lanes),
  Ceil: builtin('ceil'),
  Copy: ([x]) => x!,
  Cos: own('cosine'),
  Cosh: builtin('cosh'),
  Div: infix('/'),
  Elu: ([x], { number }) => `select(exp(${x}) - ${number(1)}, ${x}, ${x} >= ${number(0)})`,
  Equal: infix('=='),
  Erf: own('error_function'),
  Exp: builtin('exp'),
  Floor: builtin('floor'),
  Greater: infix('>'),
  GreaterOrEqual: infix('>='),
  IsInf: own('is_infinite'),
  IsNaN: own('is_nan'),
  LeakyRelu: ([x], { value, number }) =>
    `select(${x} * ${number(floatOf(value, 'alpha'))}, ${x}, ${x} >= ${number(0)})`,
  Less: infix('<'),
  LessOrEqual: infix('<='),
  Log: builtin('log'),
  Max: builtin('max'),
  Min: builtin('min'),
  Mul: infix('*'),
  Neg: ([x]) => `(-${x})`,
  Not: ([x]) => `(!${x})`,
  Or: infix('|'),
  Pow: own('power'),
  Reciprocal: ([x], { number }) => `(${number(1)} / ${x})`,
  Relu: ([x], { number }) => `max(${x}, ${number(0)})`,
  Round: builtin('round'),
  Selu: ([x], { number }) =>
    `(${number(1.0507009873554805)} * select(${number(1.6732632423543772)} * (exp(${x}) - ${number(1)}), ${x}, ${x} >= ${number(0)}))`,
  Sigmoid: ([x], { number }) => `(${number(1)} / (${number(1)} + exp(-${x})))`,
  Sign: builtin('sign'),
  Sin: own('sine'),
  Sinh: builtin('sinh'),
  Softplus: ([x], { number }) => `(max(${x}, ${number(0)}) + log(${number(1)} + exp(-abs(${x}))))`,
  Sqrt: builtin('sqrt'),
  Step: ([x], { number }) => `select(${number(0)}, ${number(1)}, ${x} > ${number(0)})`,
  Sub: infix('-'),
  Tan: own('tangent'),
  Tanh: own('hyperbolic_tangent'),
  Where: ([condition, a, b]) => `select(${b}, ${a}, ${condition})`,
  Xor: infix('!='),
};

/**
 * The rest `r` of `x` to the nearest multiple `k` of half of pi, which is subtracted in three parts whose products are
 * exact, and its square `z` (Cephes).
 */
const reduction = (n: (value: number) => string) => `  let k = round(x * ${n(2 / Math.PI)});
  let r = ((x - k * ${n(1.5703125)}) - k * ${n(4.837512969970703e-4)}) - k * ${n(7.549789954891882e-8)};
  let z = r * r;`;

/** A sine that begins so many quarters of a turn later, by the polynomials of Cephes (sinf, cosf): WGSL promises 2^-11. */
const wave =
  (name: string, quarters: number) =>
  (T: string, n: (value: number) => string): string =>
    `fn ${name}(x: ${T}) -> ${T} {
${reduction(n)}
  let s = ((${n(-1.9515295891e-4)} * z + ${n(8.3321608736e-3)}) * z - ${n(1.6666654611e-1)}) * z * r + r;
  let c = ((${n(2.443315711809948e-5)} * z - ${n(1.388731625493765e-3)}) * z + ${n(4.166664568298827e-2)}) * z * z - ${n(0.5)} * z + ${n(1)};
  let quarter = k + ${n(quarters)};
  let half = floor(quarter * ${n(0.5)});
  let y = select(s, c, quarter - ${n(2)} * half > ${n(0.5)});
  return select(y, -y, half - ${n(2)} * floor(half * ${n(0.5)}) > ${n(0.5)});
}`;

/** The arc sine of `a`, at least 0, as `y` (Cephes, asinf): beyond 0.5 by that of the root of half of what is left to 1. */
const arcSine = (n: (value: number) => string) => `  let isLarge = a > ${n(0.5)};
  let z = select(a * a, ${n(0.5)} * (${n(1)} - a), isLarge);
  let s = select(a, sqrt(z), isLarge);
  let p = ((((${n(4.216319904e-2)} * z + ${n(2.4181311049e-2)}) * z + ${n(4.5470025998e-2)}) * z + ${n(7.4953002686e-2)}) * z + ${n(1.6666752422e-1)}) * z * s + s;
  let y = select(p, ${n(Math.PI / 2)} - ${n(2)} * p, isLarge);`;

/** Functions that WGSL lacks, or leaves too inexact: `T` is their type, `n` makes numbers of it. */
const FUNCTIONS = {
  arc_sine: (T: string, n: (value: number) => string) => `fn arc_sine(x: ${T}) -> ${T} {
  let a = abs(x);
${arcSine(n)}
  return sign(x) * y;
}`,
  arc_cosine: (T: string, n: (value: number) => string) => `fn arc_cosine(x: ${T}) -> ${T} {
  let a = abs(x);
${arcSine(n)}
  // Near 1 the angle is what the root says, which a difference of angles would round away.
  let angle = select(${n(Math.PI / 2)} - y, ${n(2)} * p, isLarge);
  return select(angle, ${n(Math.PI)} - angle, x < ${n(0)});
}`,
  // Cephes, atanf.
  arc_tangent: (T: string, n: (value: number) => string) => `fn arc_tangent(x: ${T}) -> ${T} {
  let a = abs(x);
  let isFar = a > ${n(Math.tan((3 * Math.PI) / 8))};
  let isMiddle = a > ${n(Math.tan(Math.PI / 8))};
  let r = select(select(a, (a - ${n(1)}) / (a + ${n(1)}), isMiddle), ${n(-1)} / a, isFar);
  let start = select(select(${n(0)}, ${n(Math.PI / 4)}, isMiddle), ${n(Math.PI / 2)}, isFar);
  let z = r * r;
  let y = (((${n(8.05374449538e-2)} * z - ${n(1.38776856032e-1)}) * z + ${n(1.99777106478e-1)}) * z - ${n(3.33329491539e-1)}) * z * r + r;
  return sign(x) * (start + y);
}`,
  sine: wave('sine', 0),
  cosine: wave('cosine', 1),
  // Abramowitz and Stegun, 7.1.26.
  error_function: (T: string, n: (value: number) => string) => `fn error_function(x: ${T}) -> ${T} {
  let t = ${n(1)} / (${n(1)} + ${n(0.3275911)} * abs(x));
  let p = ((((${n(1.061405429)} * t - ${n(1.453152027)}) * t + ${n(1.421413741)}) * t - ${n(0.284496736)}) * t + ${n(0.254829592)}) * t;
  return sign(x) * (${n(1)} - p * exp(-x * x));
}`,
  // The built-in one overflows beyond 44 on some drivers.
  hyperbolic_tangent: (T: string, n: (value: number) => string) => `fn hyperbolic_tangent(x: ${T}) -> ${T} {
  let e = exp(${n(-2)} * abs(x));
  return sign(x) * (${n(1)} - e) / (${n(1)} + e);
}`,
  // The built-in one is a quotient of a sine and a cosine of which each is off. The polynomial is that of Cephes (tanf).
  tangent: (T: string, n: (value: number) => string) => `fn tangent(x: ${T}) -> ${T} {
${reduction(n)}
  let p = (((((${n(9.38540185543e-3)} * z + ${n(3.11992232697e-3)}) * z + ${n(2.44301354525e-2)}) * z + ${n(5.34112807005e-2)}) * z + ${n(1.33387994085e-1)}) * z + ${n(3.33331568548e-1)}) * z * r + r;
  let half = k * ${n(0.5)};
  return select(p, ${n(-1)} / p, floor(half) != half);
}`,
  is_infinite: (T: string, _n: (value: number) => string) => {
    const [u, b] = unsigned(T);
    return `fn is_infinite(x: ${T}) -> ${b} { return (bitcast<${u}>(x) & ${u}(0x7fffffffu)) == ${u}(0x7f800000u); }`;
  },
  is_nan: (T: string, _n: (value: number) => string) => {
    const [u, b] = unsigned(T);
    return `fn is_nan(x: ${T}) -> ${b} { return (bitcast<${u}>(x) & ${u}(0x7fffffffu)) > ${u}(0x7f800000u); }`;
  },
  // The built-in one is undefined below 0, where whole exponents have a power.
  power: (T: string, n: (value: number) => string) => `fn power(x: ${T}, y: ${T}) -> ${T} {
  let half = y * ${n(0.5)};
  let odd = select(${n(1)}, ${n(-1)}, (x < ${n(0)}) & (floor(half) != half));
  return odd * select(pow(abs(x), y), ${n(1)}, y == ${n(0)});
}`,
} as const;

const unsigned = (T: string) => (T === 'f32' ? ['u32', 'bool'] : ['vec4u', 'vec4<bool>']) as [string, string];

function cast(x: string, from: ElementType, to: ElementType, lanes: Lanes): string {
  const number = (value: number, dtype: ElementType) => splatted(literal(value, dtype), dtype, lanes);
  if (computeType(from, lanes) === computeType(to, lanes)) return x;
  if (to === 'bool') return `(${x} != ${number(0, from)})`;
  if (from === 'bool') return `select(${number(0, to)}, ${number(1, to)}, ${x})`;
  return `${computeType(to, lanes)}(${x})`;
}
