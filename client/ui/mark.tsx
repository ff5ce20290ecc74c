/** The mark: a speech bubble and a diminuendo, the sign for "softer". */
export const Mark = ({ size = 32 }: { size?: number }) => (
  <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
    <path
      fill="var(--accent)"
      d="M8 2h16a6 6 0 0 1 6 6v11a6 6 0 0 1-6 6H13l-7.2 5.1A1.1 1.1 0 0 1 4 29.2V24.2A6 6 0 0 1 2 19V8a6 6 0 0 1 6-6Z"
    />
    <path
      fill="none"
      stroke="var(--on-accent)"
      strokeWidth={2.6}
      strokeLinecap="round"
      strokeLinejoin="round"
      d="M9 8.5 23.5 13.5 9 18.5"
    />
  </svg>
);
