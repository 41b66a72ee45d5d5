import * as tf from '@tensorflow/tfjs-core';
import { createVariable, variableName } from '../networks/variables.ts';

/** An update rule by name, with its constants. */
export type OptimizerSpec =
  | { readonly kind: 'sgd' }
  | { readonly kind: 'momentum'; readonly momentum: number }
  | { readonly kind: 'adam'; readonly beta1?: number; readonly beta2?: number; readonly epsilon?: number };

/**
 * An update rule as two pure functions, state in and state out. The state is a list of tensors whose
 * meaning only the rule knows.
 */
export interface Optimizer {
  /** The shapes and first values of the state for parameters of these shapes. */
  initialState(shapes: readonly (readonly number[])[]): readonly { shape: number[]; values: Float32Array }[];
  /** One step along the gradients. Returns new tensors and writes none. */
  update(step: {
    parameters: readonly tf.Tensor[];
    gradients: readonly tf.Tensor[];
    state: readonly tf.Tensor[];
    learningRate: tf.Scalar;
  }): { parameters: tf.Tensor[]; state: tf.Tensor[] };
}

/** The optimizer that a recipe names. */
export function createOptimizer(spec: OptimizerSpec): Optimizer {
  switch (spec.kind) {
    case 'sgd':
      return sgd;
    case 'momentum':
      return momentum(spec.momentum);
    case 'adam':
      return adam(spec);
  }
}

/** p - lr g. The rule of Algorithm 1 of the paper. */
const sgd: Optimizer = {
  initialState: () => [],
  update: ({ parameters, gradients, learningRate }) => ({
    parameters: parameters.map((parameter, i) => tf.sub(parameter, tf.mul(gradients[i]!, learningRate))),
    state: [],
  }),
};

/** v = m v + g; p - lr v (Polyak, 1964; the form of PyTorch and tf.train.momentum). */
function momentum(decay: number): Optimizer {
  return {
    initialState: (shapes) => shapes.map(zeros),
    update({ parameters, gradients, state, learningRate }) {
      const velocities = state.map((velocity, i) => tf.add(tf.mul(velocity, decay), gradients[i]!));
      return {
        parameters: parameters.map((parameter, i) => tf.sub(parameter, tf.mul(velocities[i]!, learningRate))),
        state: velocities,
      };
    },
  };
}

/** Kingma and Ba, "Adam", 2015, with the bias corrections folded into the step size as in their section 2. */
function adam({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }): Optimizer {
  return {
    // Two running powers of the betas, then first and second moments.
    initialState: (shapes) => [
      { shape: [], values: Float32Array.of(1) },
      { shape: [], values: Float32Array.of(1) },
      ...shapes.map(zeros),
      ...shapes.map(zeros),
    ],
    update({ parameters, gradients, state, learningRate }) {
      const count = parameters.length;
      const power1 = tf.mul(state[0]!, beta1);
      const power2 = tf.mul(state[1]!, beta2);
      const first = gradients.map((gradient, i) =>
        tf.add(tf.mul(state[2 + i]!, beta1), tf.mul(gradient, 1 - beta1)),
      );
      const second = gradients.map((gradient, i) =>
        tf.add(tf.mul(state[2 + count + i]!, beta2), tf.mul(tf.square(gradient), 1 - beta2)),
      );
      const correction = tf.sqrt(tf.sub(1, power2));
      const stepSize = tf.div(tf.mul(learningRate, correction), tf.sub(1, power1));
      const floor = tf.mul(correction, epsilon);
      return {
        parameters: parameters.map((parameter, i) =>
          tf.sub(parameter, tf.mul(stepSize, tf.div(first[i]!, tf.add(tf.sqrt(second[i]!), floor)))),
        ),
        state: [power1, power2, ...first, ...second],
      };
    },
  };
}

function zeros(shape: readonly number[]): { shape: number[]; values: Float32Array } {
  return { shape: [...shape], values: new Float32Array(shape.reduce((a, b) => a * b, 1)) };
}

/** An optimizer's state as variables, called `NAME/optimizer/0`, `NAME/optimizer/1` and so on. */
export function createOptimizerState(
  optimizer: Optimizer,
  name: string,
  parameters: readonly tf.Variable[],
): tf.Variable[] {
  return optimizer
    .initialState(parameters.map((parameter) => parameter.shape))
    .map(({ shape, values }, i) => createVariable(`${name}/optimizer/${i}`, values, shape));
}

/**
 * Minimizes `loss` by one step over `parameters` and no other variable, and writes parameters and state
 * back. Runs inside an engine's step.
 *
 * @returns the result of `loss`, so that its parts can be reported.
 */
export function minimize<Parts extends { loss: tf.Scalar } & Record<string, tf.Scalar>>(
  loss: () => Parts,
  {
    optimizer,
    parameters,
    state,
    learningRate,
  }: {
    optimizer: Optimizer;
    parameters: readonly tf.Variable[];
    state: readonly tf.Variable[];
    learningRate: tf.Scalar;
  },
): Parts {
  let kept: Parts | undefined;
  const { grads } = tf.variableGrads(() => {
    kept = loss();
    // variableGrads disposes everything that its closure made, except the value it returns.
    for (const part of Object.values(kept)) tf.keep(part);
    return kept.loss;
  }, [...parameters]);
  const parts = releaseInto(kept!);
  const gradients = parameters.map((parameter) => {
    const gradient = grads[parameter.name];
    if (gradient) return gradient;
    throw new Error(`The loss does not depend on the variable ${variableName(parameter)}.`);
  });
  const updated = optimizer.update({ parameters, gradients, state, learningRate });
  for (const [i, parameter] of parameters.entries()) parameter.assign(updated.parameters[i]!);
  for (const [i, slot] of state.entries()) slot.assign(updated.state[i]!);
  return parts;
}

/** The same tensors, owned by the enclosing scope and no longer kept. */
function releaseInto<Parts extends Record<string, tf.Tensor>>(kept: Parts): Parts {
  const released = Object.entries(kept).map(([name, tensor]) => [name, tf.clone(tensor)] as const);
  tf.dispose(kept);
  return Object.fromEntries(released) as Parts;
}
