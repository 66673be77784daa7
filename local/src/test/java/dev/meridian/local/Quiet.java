package dev.meridian.local;

/** Takes no notice of what becomes of a child. */
record Quiet() implements Child.Listener {
    @Override
    public void started(Child child) {}

    @Override
    public void died(Child child, int exit) {}
}
