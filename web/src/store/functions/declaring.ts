/** Declaring the open workflow as a function, in steps that can be undone. */

import type { NodeKey } from "@/graph/document";
import type { Where } from "@/graph/functions/bindings";
import { completed } from "@/graph/functions/completed";
import {
  declare,
  type FunctionInput,
  functionOf,
  NO_FUNCTION,
  type WorkflowFunction,
} from "@/graph/functions/declaration";
import { toggleInput, toggleOutput } from "@/graph/functions/edit";
import { useDefs } from "../defs";
import { perform, shownGraph, useEditor } from "../editor";

/** What the open workflow declares. */
export function declaredNow(): WorkflowFunction {
  return functionOf(useEditor.getState().document) ?? NO_FUNCTION;
}

export function useDeclared(): WorkflowFunction {
  return useEditor((editor) => functionOf(editor.document)) ?? NO_FUNCTION;
}

export function changeDeclared(edit: (declared: WorkflowFunction) => WorkflowFunction): void {
  const before = declaredNow();
  const after = edit(before);
  if (after !== before) perform("steps:declare", (draft) => declare(draft, after));
}

/** The graph on screen. */
export function here(): Where {
  const editor = useEditor.getState();
  return {
    document: editor.document,
    defs: useDefs.getState().defs,
    graph: shownGraph(editor),
    path: editor.path.map((step) => step.host),
  };
}

/** Add a widget or socket of the graph on screen to the inputs, or take it out. */
export function toggleInputHere(node: NodeKey, input: string): void {
  changeDeclared((declared) => toggleInput(declared, here(), node, input));
}

export function toggleOutputHere(node: NodeKey, slot: number): void {
  changeDeclared((declared) => toggleOutput(declared, here(), node, slot));
}

/** Write down what the nodes say of each input; see `completed`. */
export function completeDeclared(known: ReadonlyMap<string, FunctionInput>): void {
  changeDeclared((declared) => {
    const inputs = declared.inputs.map((input) => completed(input, known.get(input.name)));
    return inputs.every((input, index) => input === declared.inputs[index])
      ? declared
      : { ...declared, inputs };
  });
}
