/** Finds words in the sources that a person would read and no catalogue has. */
import ts from "typescript";
import { possible, walk, where } from "./sources";

const READ = new Set([
  "alt",
  "aria-description",
  "aria-label",
  "aria-placeholder",
  "aria-roledescription",
  "aria-valuetext",
  "ariaLabel",
  "description",
  "label",
  "message",
  "nothingFound",
  "nothingFoundMessage",
  "offLabel",
  "onLabel",
  "placeholder",
  "title",
]);
/** What is written the same in every language. */
const NAMES = new Set(["Darkroom", "ComfyUI"]);

export function untranslated(file: ts.SourceFile): string[] {
  const found: string[] = [];
  const report = (node: ts.Node, text: string) => {
    if (/\p{L}{2}/u.test(text) && !NAMES.has(text.trim())) found.push(`${where(node)} ${text.trim()}`);
  };
  const reportEach = (node: ts.Expression) => {
    for (const parts of possible(node)) report(node, parts.filter((part) => part !== null).join(" "));
  };
  walk(file, (node) => {
    if (ts.isJsxText(node)) report(node, node.text);
    else if (ts.isJsxExpression(node) && node.expression !== undefined && isChild(node))
      reportEach(node.expression);
    else if (ts.isJsxAttribute(node) && READ.has(node.name.getText())) {
      const value = node.initializer;
      if (value === undefined) return;
      if (ts.isStringLiteral(value)) report(node, value.text);
      else if (ts.isJsxExpression(value) && value.expression !== undefined) reportEach(value.expression);
    } else if (ts.isPropertyAssignment(node) && READ.has(nameOf(node)) && isShown(node))
      reportEach(node.initializer);
  });
  return found;
}

function isChild(node: ts.JsxExpression): boolean {
  return ts.isJsxElement(node.parent) || ts.isJsxFragment(node.parent);
}

function nameOf(node: ts.PropertyAssignment): string {
  return ts.isStringLiteral(node.name) ? node.name.text : node.name.getText();
}

/** Options of components and of messages; elsewhere a `label` or `message` may be data. */
function isShown(node: ts.PropertyAssignment): boolean {
  if (node.getSourceFile().fileName.endsWith(".tsx")) return true;
  for (let at: ts.Node = node; at.parent !== undefined; at = at.parent) {
    if (ts.isCallExpression(at)) return /^(notifications|modals)\./.test(at.expression.getText());
  }
  return false;
}
