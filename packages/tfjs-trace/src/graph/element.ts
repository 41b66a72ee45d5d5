/** @file The types of elements and of operators' attributes. */

export type ElementType = 'float32' | 'int32' | 'int64' | 'bool';
export type Attribute = number | string | readonly number[] | { readonly float: number };
export type Attributes = Readonly<Record<string, Attribute>>;
