/** The open workflow as the server runs it, and as pictures keep it. */
import type { Draft } from "@/graph/change";
import type { Document } from "@/graph/document";
import { applyControls } from "@/graph/formats/controls";
import type { Finding } from "@/graph/formats/finding";
import { type ApiPrompt, toApi } from "@/graph/formats/toApi";
import { write } from "@/graph/formats/write";
import type { JsonObject } from "@/graph/json";
import { useDefs } from "../defs";

export interface Converted {
  readonly prompt: ApiPrompt;
  readonly findings: readonly Finding[];
  /** What pictures keep, so that the graph can be opened from them. */
  readonly workflow: JsonObject;
}

/** With chances taken and dates put in, as it is to run. */
export function convert(document: Document, targets?: readonly string[]): Converted {
  const { prompt, findings } = toApi(document, useDefs.getState().defs, {
    substitution: { random: Math.random, now: new Date() },
    ...(targets === undefined ? {} : { targets }),
  });
  return { prompt, findings, workflow: write(document) };
}

/** As it stands, for looking at: the same document gives the same prompt. */
export function preview(document: Document): ApiPrompt {
  return toApi(document, useDefs.getState().defs).prompt;
}

export function moveControls(draft: Draft): void {
  applyControls(draft, useDefs.getState().defs, Math.random);
}
