/** The model files of the server, by kind. */
import { create } from "zustand";
import { answer, api, type Schemas } from "@/api/client";
import { ApiError, unreachable } from "@/api/error";

export interface Kind {
  readonly name: string;
  readonly folders: readonly string[];
  readonly files: readonly Schemas["ModelFile"][];
}

interface ModelsState {
  readonly kinds: readonly Kind[];
  readonly isLoading: boolean;
  readonly error: ApiError | null;
}

export const useModels = create<ModelsState>(() => ({ kinds: [], isLoading: true, error: null }));

export async function loadModels(): Promise<void> {
  useModels.setState({ isLoading: true });
  try {
    const folders = await answer(api.GET("/experiment/models"));
    const kinds = await Promise.all(
      folders.map(async ({ name, folders }): Promise<Kind> => {
        const params = { path: { folder: name } };
        return { name, folders, files: await answer(api.GET("/experiment/models/{folder}", { params })) };
      }),
    );
    useModels.setState({ kinds, error: null });
  } catch (error) {
    useModels.setState({ error: error instanceof ApiError ? error : unreachable(error) });
  } finally {
    useModels.setState({ isLoading: false });
  }
}

/** What the file says of itself; null if it says nothing. */
export async function modelFacts(
  kind: string,
  name: string,
): Promise<readonly (readonly [string, string])[]> {
  const params = { path: { folder: kind }, query: { filename: name } };
  const told: unknown = await answer(api.GET("/view_metadata/{folder}", { params })).catch(() => null);
  if (typeof told !== "object" || told === null) return [];
  return Object.entries(told).flatMap(([key, value]): [string, string][] => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    // Training records can be megabytes of tag counts.
    return text.length === 0 || text.length > 400 ? [] : [[key, text]];
  });
}
