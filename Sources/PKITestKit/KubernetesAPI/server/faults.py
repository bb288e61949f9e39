"""Answers that a test wants instead of the right ones."""

import json
import re
import time


class Faults:
    def __init__(self, path):
        self.path = path
        self.used = {}

    def find(self, method, target):
        """The first fault that is meant for this request and not used up yet."""
        if not self.path:
            return None
        try:
            with open(self.path) as file:
                faults = json.load(file)
        except (OSError, ValueError):
            return None
        for fault in faults:
            if fault.get("method", method) != method or not re.search(fault.get("path", ""), target):
                continue
            key = json.dumps(fault, sort_keys=True)
            seen = self.used.get(key, 0)
            self.used[key] = seen + 1
            if seen < fault.get("skip", 0):
                continue
            if seen >= fault.get("skip", 0) + fault.get("times", 1 << 30):
                continue
            return fault
        return None

    @staticmethod
    def perform(fault):
        """Status, fields and body; None to close the connection."""
        time.sleep(fault.get("delay", 0))
        if fault.get("close"):
            return None
        status = fault["status"]
        fields = {"Content-Type": fault.get("type", "application/json")}
        if "retryAfter" in fault:
            fields["Retry-After"] = str(fault["retryAfter"])
        if "location" in fault:
            fields["Location"] = fault["location"]
        if "size" in fault:
            return status, fields, b"x" * fault["size"]
        if "body" in fault:
            return status, fields, fault["body"].encode()
        return status, fields, None
