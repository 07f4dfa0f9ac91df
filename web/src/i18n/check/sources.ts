/** The sources of the canvas as syntax trees, for the tests that read them. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export function sources(): ts.SourceFile[] {
  return readdirSync(ROOT, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.tsx?$/.test(path) && !/\.test\.tsx?$|^api\/schema\.ts$|^i18n\/check\//.test(path))
    .map((path) => parse(path, readFileSync(`${ROOT}/${path}`, "utf8")));
}

export function parse(path: string, text: string): ts.SourceFile {
  const kind = path.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, kind);
}

export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** `file:line`, for messages. */
export function where(node: ts.Node): string {
  const file = node.getSourceFile();
  return `${file.fileName}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
}

/** Every text an expression may be, with null where it holds something computed: `a${x}b` is ["a", null, "b"]. */
export function possible(node: ts.Expression): (string | null)[][] {
  if (ts.isStringLiteralLike(node)) return [[node.text]];
  if (ts.isTemplateExpression(node)) {
    return [[node.head.text, ...node.templateSpans.flatMap((span) => [null, span.literal.text])]];
  }
  if (ts.isConditionalExpression(node)) return [...possible(node.whenTrue), ...possible(node.whenFalse)];
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return possible(node.expression);
  if (ts.isBinaryExpression(node) && JOINING.has(node.operatorToken.kind)) {
    return [...possible(node.left), ...possible(node.right)];
  }
  return [];
}
const JOINING = new Set([
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.QuestionQuestionToken,
]);
