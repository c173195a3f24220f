/** Injects the name of this process, by which the demo tells the instances apart. */
export const INSTANCE_NAME = Symbol('INSTANCE_NAME');
