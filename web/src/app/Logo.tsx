/** An aperture under the safelight. */
export function Logo() {
  return (
    <svg width="24" height="24" viewBox="0 0 24 24" aria-hidden="true" fill="none">
      <circle cx="12" cy="12" r="10" fill="var(--dr-accent)" />
      <g stroke="var(--dr-surface)" strokeWidth="1.6" strokeLinecap="round">
        <path d="M12 12m-3.2-1.85L14.5 2.4M12 12m0-3.7L21.3 8.6M12 12m3.2-1.85L18.9 19M12 12m3.2 1.85L9.5 21.6M12 12m0 3.7L2.7 15.4M12 12m-3.2 1.85L5.1 5" />
      </g>
      <path d="M12 8.3l3.2 1.85v3.7L12 15.7l-3.2-1.85v-3.7z" fill="var(--dr-surface)" />
    </svg>
  );
}
