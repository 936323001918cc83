"""Notices: something waits for somebody, is due, is overdue, or was decided. On a page, and by e-mail with nothing in it but a link."""
