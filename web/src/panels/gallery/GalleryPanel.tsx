import { Alert, SegmentedControl, Text } from "@mantine/core";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { ReplacedBadge } from "@/canvas/nodes/ReplacedBadge";
import { useHistory, watchHistory } from "@/store/runs/history";
import { openViewer, type Viewed, viewOf } from "@/store/viewer";
import { LoadMore } from "../history/LoadMore";
import { useGrowing } from "../history/useGrowing";
import { SearchField } from "../SearchField";
import styles from "./Gallery.module.css";
import { Thumbnail } from "./Thumbnail";

const FIRST = 120;
const SIZES = { s: 84, m: 140, l: 260 } as const;
type Size = keyof typeof SIZES;

/** Everything that was made, newest first. */
export function GalleryPanel() {
  const { t } = useTranslation("run");
  const { jobs, isLoaded, error } = useHistory();
  const [search, setSearch] = useState("");
  const [size, setSize] = useState<Size>("m");
  useEffect(watchHistory, []);
  const items = useMemo(() => {
    const wanted = search.trim().toLowerCase();
    return jobs.flatMap((job): Viewed[] =>
      job.files
        .filter(({ filename }) => `${job.name ?? ""} ${filename}`.toLowerCase().includes(wanted))
        .map((file) => viewOf(job.id, file)),
    );
  }, [jobs, search]);
  const { drawn, more } = useGrowing(items, FIRST);
  return (
    <div className={styles.panel}>
      <div className={styles.tools}>
        <SearchField label={t("gallery.search")} value={search} onChange={setSearch} />
        <SegmentedControl
          size="xs"
          aria-label={t("gallery.size")}
          value={size}
          onChange={setSize}
          data={(["s", "m", "l"] as const).map((value) => ({ value, label: t(`gallery.sizes.${value}`) }))}
        />
      </div>
      {error !== null && (
        <Alert color="red" p="xs" title={t("history.unknown")}>
          {error.message}
        </Alert>
      )}
      {isLoaded && items.length === 0 && <Text className={styles.empty}>{t("gallery.nothing")}</Text>}
      <div
        className={styles.grid}
        style={{ gridTemplateColumns: `repeat(auto-fill, minmax(${SIZES[size]}px, 1fr))` }}
      >
        {drawn.map(({ file, job }, index) => (
          <button
            key={`${job} ${file.type} ${file.subfolder} ${file.filename}`}
            type="button"
            className={styles.cell}
            data-testid="gallery-item"
            aria-label={t("gallery.look", { name: file.filename })}
            onClick={() => openViewer(items, index)}
          >
            <Thumbnail file={file} />
            {file.replaced && <ReplacedBadge />}
          </button>
        ))}
      </div>
      <LoadMore isShort={drawn.length < items.length} onGrow={more} length={drawn.length} />
    </div>
  );
}
