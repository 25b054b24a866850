// Whether the page updates by itself. While it is paused nothing on it changes but what answers the visitor's own click
// (WCAG 2.2, criterion 2.2.2).

let paused = false;

/** Event target for `pause`, sent at each turn of the switch. */
export const pausing = new EventTarget();
export const isPaused = () => paused;

/** Makes the button a switch of it, pressed while paused. */
export function startPauseButton(button) {
  button.addEventListener('click', () => {
    paused = !paused;
    button.setAttribute('aria-pressed', String(paused));
    pausing.dispatchEvent(new Event('pause'));
  });
}
