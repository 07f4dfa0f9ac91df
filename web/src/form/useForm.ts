import { useEffect, useRef, useState } from "react";
import { hashOf } from "@/app/route";
import type { Json } from "@/graph/json";
import type { Field } from "./fields";
import { queryOf, startValues, type Trouble, troubleOf, type Values, valuesIn } from "./values";

export interface Form {
  readonly fields: readonly Field[];
  readonly values: Values;
  readonly set: (name: string, value: Json | undefined) => void;
  readonly fill: (values: Values) => void;
  /** What to say at a field: only once it was left, or running it was tried. */
  readonly trouble: (field: Field) => Trouble | string | null;
  readonly leave: (name: string) => void;
  /** Whether it can be sent, as far as these fields go; from then on says at each why not. */
  readonly check: (checked?: readonly Field[]) => boolean;
  /** What the server said of values, by field. */
  readonly refuse: (fields: Readonly<Record<string, string>>) => void;
  /** Where this form is found with these values in it. */
  readonly address: string;
}

/** What stands in a form. The address follows: reloading the page and sending it to others keeps the values. */
export function useForm(fields: readonly Field[], reference: string, query: string): Form {
  const [values, setValues] = useState<Values>(() => startValues(fields, valuesIn(fields, query)));
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [refused, setRefused] = useState<Readonly<Record<string, string>>>({});
  const shown = useRef(query);
  const written = queryOf(fields, values);
  const hash = hashOf({ kind: "form", reference, query: written });

  useEffect(() => {
    // Somebody followed a link to this form with other values.
    if (query === shown.current) return;
    shown.current = query;
    setValues(startValues(fields, valuesIn(fields, query)));
  }, [query, fields]);
  useEffect(() => {
    const timer = setTimeout(() => {
      shown.current = written;
      window.history.replaceState(window.history.state, "", hash);
    }, 300);
    return () => clearTimeout(timer);
  }, [written, hash]);

  return {
    fields,
    values,
    set: (name, value) => {
      setRefused(({ [name]: _, ...others }) => others);
      setValues(({ [name]: _, ...others }) => (value === undefined ? others : { ...others, [name]: value }));
    },
    fill: (given) => {
      setRefused({});
      setLeft(new Set());
      setValues(startValues(fields, given));
    },
    trouble: (field) =>
      refused[field.name] ?? (left.has(field.name) ? troubleOf(field, values[field.name]) : null),
    leave: (name) => setLeft((before) => new Set(before).add(name)),
    check: (checked = fields) => {
      setLeft(new Set(checked.map((field) => field.name)));
      return checked.every((field) => troubleOf(field, values[field.name]) === null);
    },
    refuse: setRefused,
    address: new URL(hash, window.location.href).href,
  };
}
