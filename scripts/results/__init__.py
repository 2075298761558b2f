"""Result files and baselines of `assay bench`: every script reads them here. Start reading in `result_file.py`."""
