import { IconChevronRight, IconFolder } from "@tabler/icons-react";
import { useState } from "react";
import type { TreeEntry } from "@/store/files/tree";
import { activeTab } from "@/store/persist/tabs";
import { FileRow } from "./FileRow";
import styles from "./FileTree.module.css";

interface Props {
  readonly entries: readonly TreeEntry[];
  /** Then every folder shows what was found in it. */
  readonly isSearching: boolean;
}

export function FileTree({ entries, isSearching }: Props) {
  return (
    <ul className={styles.list}>
      {entries.map((entry) => (
        <li key={entry.path}>
          {entry.kind === "folder" ? (
            <Folder folder={entry} isSearching={isSearching} />
          ) : (
            <FileRow file={entry.file} label={entry.label} />
          )}
        </li>
      ))}
    </ul>
  );
}

function Folder({
  folder,
  isSearching,
}: {
  readonly folder: Extract<TreeEntry, { kind: "folder" }>;
  readonly isSearching: boolean;
}) {
  const [isChosen, setChosen] = useState(() => activeTab()?.name?.startsWith(folder.path) === true);
  const isOpen = isChosen || isSearching;
  return (
    <>
      <button
        type="button"
        className={styles.row}
        aria-expanded={isOpen}
        onClick={() => setChosen(!isOpen)}
        data-testid={`folder-${folder.path}`}
      >
        <IconChevronRight size={14} className={styles.chevron} data-open={isOpen} aria-hidden />
        <IconFolder size={14} aria-hidden />
        <span className={styles.label}>{folder.label}</span>
      </button>
      {isOpen && (
        <div className={styles.inside}>
          <FileTree entries={folder.entries} isSearching={isSearching} />
        </div>
      )}
    </>
  );
}
