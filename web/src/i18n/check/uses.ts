/** Finds which messages the sources ask for. */
import ts from "typescript";
import { possible, walk, where } from "./sources";

export interface Use {
  readonly where: string;
  /** With null for the parts computed at run time; with the area in front, or without one where it is unknown. */
  readonly parts: readonly (string | null)[];
  /** Null if it follows from nothing in sight: the key is looked for in every area. */
  readonly area: string | null;
  /** Whether the message must exist. Else it is a text that may be the name of one. */
  readonly isSure: boolean;
}

export function uses(file: ts.SourceFile, areas: ReadonlySet<string>): Use[] {
  const found: Use[] = [];
  const add = (node: ts.Node, texts: ts.Expression, area: string | null, isSure: boolean) => {
    for (const parts of possible(texts)) {
      const named = /^([a-zA-Z]+):(?!\/)/.exec(parts[0] ?? "")?.[1];
      if (named !== undefined && areas.has(named)) {
        const first = (parts[0] ?? "").slice(named.length + 1);
        found.push({ where: where(node), area: named, parts: [first, ...parts.slice(1)], isSure: true });
      } else if (area !== "named") found.push({ where: where(node), area, parts, isSure });
    }
  };
  walk(file, (node) => {
    if (ts.isCallExpression(node)) {
      const [first] = node.arguments;
      const called = node.expression.getText();
      if (first === undefined) return;
      const area = areaOf(node, called);
      if (area !== null || /(^|\.)t$/.test(called)) add(node, first, area, true);
      else if (called === "perform") add(node, first, "steps", true);
    } else if (ts.isJsxAttribute(node) && node.name.getText() === "i18nKey") {
      const value = node.initializer;
      if (value !== undefined && ts.isStringLiteral(value)) add(node, value, areaOf(node, "t"), true);
    } else if (ts.isPropertyAssignment(node) && node.name.getText() === "id" && isCommand(node.parent)) {
      add(node, node.initializer, "commands", true);
    } else if ((ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) && !isMark(node)) {
      add(node, node, "named", false);
      if (ts.isStringLiteralLike(node)) add(node, node, "commands", false);
    }
  });
  return found;
}

/** The name of a point in time for the browser's profiler, which may look like a key. */
function isMark({ parent }: ts.Node): boolean {
  return ts.isCallExpression(parent) && parent.expression.getText().startsWith("performance.");
}

function isCommand(node: ts.ObjectLiteralExpression): boolean {
  const names = new Set(node.properties.map((property) => property.name?.getText()));
  return names.has("area") && names.has("run");
}

/** The area of the translator `name`, by the `useTranslation` of the innermost function around that makes it. */
function areaOf(node: ts.Node, name: string): string | null {
  for (let at: ts.Node | undefined = node; at !== undefined; at = at.parent) {
    if (!ts.isFunctionLike(at) && !ts.isSourceFile(at)) continue;
    const area = declaredIn(at, name);
    if (area !== null) return area;
  }
  return null;
}

function declaredIn(scope: ts.Node, name: string): string | null {
  let area: string | null = null;
  const look = (node: ts.Node) => {
    if (node !== scope && ts.isFunctionLike(node)) return;
    if (ts.isVariableDeclaration(node) && binds(node.name, name))
      area = translatorOf(node.initializer) ?? area;
    ts.forEachChild(node, look);
  };
  look(scope);
  return area;
}

/** `t`, or `{ t }`, or `{ t: name }`. */
function binds(bound: ts.BindingName, name: string): boolean {
  if (ts.isIdentifier(bound)) return bound.text === name;
  return ts.isObjectBindingPattern(bound) && bound.elements.some((one) => one.name.getText() === name);
}

function translatorOf(made: ts.Expression | undefined): string | null {
  if (made === undefined || !ts.isCallExpression(made)) return null;
  const called = made.expression.getText();
  const isHook = called === "useTranslation";
  if (!isHook && !/\.getFixedT$/.test(called)) return null;
  const given = made.arguments[isHook ? 0 : 1];
  const first = given !== undefined && ts.isArrayLiteralExpression(given) ? given.elements[0] : given;
  return first !== undefined && ts.isStringLiteral(first) ? first.text : "app";
}

/** Whether a message's key is what a use asks for. */
export function asks(use: Use, area: string, key: string): boolean {
  if (use.area !== null && use.area !== area) return false;
  if (use.parts.length === 1) return use.parts[0] === key;
  // Without a few letters of its own it would ask for everything.
  if (use.parts.join("").length < 3) return false;
  const pattern = use.parts.map((part) =>
    part === null ? ".+" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"),
  );
  return new RegExp(`^${pattern.join("")}$`).test(key);
}
