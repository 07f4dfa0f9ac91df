import { useState } from "react";

/** The first of a list, and more of them each time it is asked for: what is far below is not drawn at all. */
export function useGrowing<T>(list: readonly T[], step: number): { drawn: readonly T[]; more: () => void } {
  const [count, setCount] = useState(step);
  return { drawn: list.slice(0, count), more: () => setCount((now) => now + step) };
}
