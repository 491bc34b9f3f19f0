/** Optional properties: parameters allow undefined for them; data that is written or compared leaves them out. */

/** The properties that have a value, to be spread into data. */
export function given<T extends object>(properties: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** `T` with a value for every property. */
export type Filled<T> = { [K in keyof T]-?: Exclude<T[K], undefined> };
