import { useEffect, useState } from "react";
import { write } from "@/graph/formats/write";
import { type FunctionInput, functionOf } from "@/graph/functions/declaration";
import { useEditor } from "@/store/editor";
import { type Checked, checkFunction, type Trouble } from "@/store/functions/server";

const PAUSE = 500;
const NOTHING: Checked = { inputs: new Map(), problems: [] };

export interface Check {
  /** What the server makes of each input: types, ranges and options its nodes have. */
  readonly inputs: ReadonlyMap<string, FunctionInput>;
  /** What is wrong with an entry. */
  readonly of: (side: "inputs" | "outputs", index: number, name: string) => readonly string[];
  /** What is wrong with none of them. */
  readonly others: readonly string[];
  readonly count: number;
}

/** What the server says of the declaration, a moment after each change. */
export function useCheck(): Check {
  const document = useEditor((editor) => editor.document);
  const [checked, setChecked] = useState<Checked>(NOTHING);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    let isGone = false;
    const timer = setTimeout(() => {
      if (functionOf(document) === null) return setChecked(NOTHING);
      checkFunction(write(document)).then(
        (answer) => {
          if (isGone) return;
          setChecked(answer);
          setFailure(null);
        },
        (error: unknown) => {
          if (!isGone) setFailure(error instanceof Error ? error.message : String(error));
        },
      );
    }, PAUSE);
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [document]);
  const { problems } = checked;
  return {
    inputs: checked.inputs,
    of: (side, index, name) =>
      problems.filter((one) => isAbout(one, side, index, name)).map((one) => one.message),
    others: [
      ...problems.filter((one) => !/^(inputs|outputs)\../.test(one.where)).map((one) => one.message),
      ...(failure === null ? [] : [failure]),
    ],
    count: problems.length + (failure === null ? 0 : 1),
  };
}

/** `inputs.NAME`, `inputs.NAME.min`, or by its place where the name is what is wrong. */
function isAbout({ where }: Trouble, side: string, index: number, name: string): boolean {
  return [`${side}.${name}`, `${side}.${index}`].some(
    (path) => where === path || where.startsWith(`${path}.`),
  );
}
