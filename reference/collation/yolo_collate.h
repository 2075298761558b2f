// How YOLO puts a batch together: square images brought to one size, and the boxes of all images in one list.
#pragma once

#include "reference/operator.h"

namespace assay {

/// Resizes square images to one size by the nearest rule of mask_downsample, and concatenates their targets. Column 0
/// of a target becomes the number of its image in the batch, images without targets counted too; the other columns are
/// the class and the box.
struct YoloCollate {
  static constexpr std::string_view name = "yolo_collate";
  static constexpr std::string_view summary = "square images resized to one size, and their targets in one list";
  static constexpr std::string_view formula =
      "images[b, c, i, j] = images.b[c, min(floor(i * (S_b / S)), S_b - 1), min(floor(j * (S_b / S)), S_b - 1)], "
      "computed in float32; targets = the rows of targets.0, targets.1, ..., column 0 set to b";
  static constexpr std::string_view source =
      "eriklindernoren/PyTorch-YOLOv3 utils/datasets.py ListDataset.collate_fn; ultralytics/yolov5 "
      "utils/dataloaders.py LoadImagesAndLabels.collate_fn";

  struct Params {
    std::int64_t image_size = 0;
    static constexpr auto fields() {
      return std::tuple{
          Param{"image_size", &Params::image_size, "S, height and width of the result", Presence::required}};
    }
  };
  template <class T>
  struct Inputs {
    List<const T> images;   ///< [3, S_i, S_i] each
    List<const T> targets;  ///< [n_i, 6] each: a column that is overwritten, class, x, y, w, h
    static constexpr auto fields() {
      return std::tuple{Input{"images", &Inputs::images, "3 S_i S_i"}, Input{"targets", &Inputs::targets, "n_i* 6"}};
    }
  };
  template <class T>
  struct Outputs {
    View<T> images;   ///< [B, 3, S, S]
    View<T> targets;  ///< [Σ n_i, 6]
    static constexpr auto fields() {
      return std::tuple{Output{"images", &Outputs::images, "B 3 S S"}, Output{"targets", &Outputs::targets, "N* 6"}};
    }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<YoloCollate>> cases();
  static Domain domain();
};

}  // namespace assay
