"""What people do in the service, in Chromium: one module for each journey. They share one service for each database."""
