"""What notifier does: collect, deliver, answer, keep house."""
