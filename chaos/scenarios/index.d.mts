export const scenarios: readonly { readonly name: string }[];
